import Docker from 'dockerode';
import { beforeEach, describe, expect, it } from 'vitest';
import { ofKind } from './harness/api.ts';
import { containerOf, runIn } from './harness/containers.ts';
import { reply } from './harness/endings.ts';
import { createSetting, type Setting } from './harness/setting.ts';
import { untilSpares } from './harness/spares.ts';

/* Containers that are started before there is a session for them. */

const script = `
scenarios:
  - when: { contains: write it down }
    steps:
      - blocks: [{ tool_use: { name: Write, input: { file_path: /workspace/note.txt, content: "{{prompt}}" } } }]
      - say: Written.
`;

const engine = new Docker();
let setting: Setting;

beforeEach(async () => {
  setting = await createSetting(script, { env: { AIRLOCK_WARM: '1' } });
  return () => setting.remove();
});

async function converse(prompt: string): Promise<{ id: string; session: string; detail: string | undefined }> {
  const id = await setting.api.launch('claude-hitl', { prompt });
  const { payload } = await setting.api.until(id, ofKind('session'));
  await setting.api.until(id, ofKind('lock'));
  return { id, session: payload.session, detail: payload.detail };
}

describe('a container started ahead of time', () => {
  it('becomes that of the next conversation like the last, and no other’s', async () => {
    const first = await converse('write it down: first');
    expect(first.detail).toBeUndefined();
    const [spare] = await untilSpares(setting, 1);
    const second = await converse('write it down: second');
    expect(second).toMatchObject({ session: spare, detail: 'In a container that was started ahead of time' });
    const [next] = await untilSpares(setting, 1);
    expect(next).not.toBe(spare);
    const { Name, HostConfig } = await containerOf(second.session).inspect();
    expect([Name, HostConfig.NetworkMode, HostConfig.ReadonlyRootfs]).toEqual([
      `/claude-session-${second.session}`,
      'none',
      true,
    ]);
    expect(await runIn(second.session, 'cat note.txt')).toBe('write it down: second');
    expect(await runIn(first.session, 'cat note.txt')).toBe('write it down: first');
    const other = await setting.api.launch('claude-hitl', { prompt: 'hello', completion_mode: 'auto-complete' });
    const { payload } = await setting.api.until(other, ofKind('session'));
    expect(payload.detail).toBeUndefined();
  });

  it('is removed when the host stops, and after it was killed when it starts again; the next knows what is wanted', async () => {
    const { id } = await converse('hello');
    const [spare] = await untilSpares(setting, 1);
    await setting.host.kill();
    await setting.host.start();
    const [next] = await untilSpares(setting, 1);
    expect(next).not.toBe(spare);
    await reply(setting.api, id, 0, 'done');
    await setting.api.until(id, (event) => event.kind === 'status' && event.payload.status === 'finished');
    await setting.host.stop();
    const left = await engine.listContainers({ all: true, filters: { name: ['airlock-warm-'] } });
    expect(left.filter(({ Labels }) => Labels['airlock.home'] === setting.host.installation)).toEqual([]);
    await setting.host.start();
    const [again = ''] = await untilSpares(setting, 1);
    expect((await converse('write it down: at once')).session).toBe(again);
  });

  it('is claimed by a conversation that a host begins and does not see to its end', async () => {
    await converse('hello');
    const [spare = ''] = await untilSpares(setting, 1);
    const id = await setting.api.launch('claude-hitl', { prompt: 'write it down: over a crash' });
    await setting.api.until(id, ofKind('session'));
    await setting.host.kill();
    await setting.host.start();
    await setting.api.until(id, ofKind('lock'));
    expect(await runIn(spare, 'cat note.txt')).toBe('write it down: over a crash');
    const prompts = (await setting.api.events(id)).filter(ofKind('prompt'));
    expect(prompts).toHaveLength(1);
  });
});
