import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ofKind } from './harness/api.ts';
import { containerOf } from './harness/containers.ts';
import { errorOf, reply } from './harness/endings.ts';
import { runCommand, runHost } from './harness/programs.ts';
import { createSetting, type Setting } from './harness/setting.ts';

const script = `
scenarios:
  - when: { contains: remember }
    steps: [{ say: I will. }]
  - when: { contains: what was it }
    steps: [{ say: "You began with: {{firstPrompt}}" }]
`;

let setting: Setting;
beforeAll(async () => {
  setting = await createSetting(script);
});
afterAll(() => setting?.remove());

/** Starts a conversation and waits until the person is to reply. */
async function waiting(): Promise<{ id: string; session: string; at: number }> {
  const { api } = setting;
  const id = await api.launch('claude-hitl', { prompt: 'remember the moon' });
  const { payload } = await api.until(id, ofKind('prompt'));
  return { id, session: payload.session, at: (await api.until(id, ofKind('lock'))).seq };
}

/** The containers there are of these sessions. */
async function left(...sessions: string[]): Promise<string[]> {
  const all = await new Docker().listContainers({ all: true });
  return sessions.filter((session) => all.some(({ Names }) => Names.includes(`/claude-session-${session}`)));
}

describe('a host that is stopped', () => {
  it('ends with code 0 and leaves its containers; the next start takes the conversation up', async () => {
    const { api, host } = setting;
    const { id, session, at } = await waiting();
    const before = await containerOf(session).inspect();
    expect(await host.stop()).toBe(0);
    expect(host.output()).toContain('Stopping; sessions stay for the next start');
    expect((await containerOf(session).inspect()).State.Running).toBe(true);
    await host.start();
    await reply(api, id, at - 1, 'what was it?');
    const { payload } = await api.until(id, ofKind('message'), at);
    expect(payload.text).toBe('You began with: remember the moon');
    expect((await containerOf(session).inspect()).Id).toBe(before.Id);
    await reply(api, id, at, 'done');
    await api.until(id, (event) => event.kind === 'status' && event.payload.status === 'finished', at);
  });

  it('leaves no second host on its home meanwhile', async () => {
    const { host } = setting;
    const second = await runHost(host.home, {}, 'serve', '--yes');
    expect(second).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`Another host is running on ${host.home}`),
    });
    const command = await runCommand(host.home, 'start');
    expect(command).toMatchObject({ code: 1, stderr: expect.stringContaining('Airlock is already running') });
    expect(command.stderr).toContain(host.url);
    const ending = await runHost(host.home, {}, 'end-sessions');
    expect(ending).toMatchObject({ code: 1, stderr: expect.stringContaining('Stop it with `npm stop`') });
    expect((await fetch(`${host.url}/api/ready`)).status).toBe(200);
  });
});

describe('sessions that are to end with the host', () => {
  it.each([
    ['while it runs', async (home: string) => [await runCommand(home, 'stop', '--sessions', '--json')]],
    [
      'once it has stopped',
      async (home: string) => [
        await runCommand(home, 'stop', '--json'),
        await runCommand(home, 'stop', '--sessions', '--json'),
      ],
    ],
  ])('stop --sessions %s removes their containers, and the next reply is told', async (_, stop) => {
    const { api, host } = setting;
    const { id, session, at } = await waiting();
    expect(await left(session)).toEqual([session]);
    for (const ended of await stop(host.home)) expect(ended).toMatchObject({ code: 0, stderr: expect.anything() });
    expect(await left(session)).toEqual([]);
    await host.start();
    await reply(api, id, at - 1, 'what was it?');
    const { error } = await errorOf(api, id);
    expect(error.code).toBe('container_lost');
  });
});
