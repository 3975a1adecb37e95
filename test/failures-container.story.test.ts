import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ofKind } from './harness/api.ts';
import { containerOf, killIn, pidOf, untilRemoved } from './harness/containers.ts';
import { errorOf, reply } from './harness/endings.ts';
import { createSetting, type Setting } from './harness/setting.ts';

const script = `
scenarios:
  - when: { contains: halfway }
    steps:
      - blocks: [{ text: "This is said only in part, because something happens to it.", gate: { name: halfway, piece: 4 } }]
  - when: { contains: eat memory }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "python3 -c \\"print(len(bytearray(2 << 30)))\\"" } } }]
      - say: "The tool said: {{toolResult}}"
`;

let setting: Setting;
beforeAll(async () => {
  setting = await createSetting(script);
});
afterAll(() => setting?.remove());
afterEach(() => setting.sim.control.reset());

/** Starts a conversation whose first reply stops in the middle. */
async function halfway(): Promise<{ id: string; session: string }> {
  const { api, sim } = setting;
  const id = await api.launch('claude-hitl', { prompt: 'stop halfway' });
  const { payload } = await api.until(id, ofKind('prompt'));
  await sim.control.gates.arrival('halfway');
  return { id, session: payload.session };
}

describe('in the middle of a turn', () => {
  it.each([
    ['the container is killed', (session: string) => containerOf(session).kill(), 'container_lost', /was killed/],
    [
      'the container is removed',
      (session: string) => containerOf(session).remove({ force: true }),
      'container_lost',
      /was (killed|removed)/,
    ],
    ['the runner is killed', (session: string) => killIn(session, 'runner'), 'container_lost', /was killed/],
    ['Claude is killed', (session: string) => killIn(session, 'claude'), 'claude_failed', /SIGKILL/],
  ])('%s: the execution says so, the container goes, the host goes on', async (_, harm, code, words) => {
    const { api } = setting;
    const { id, session } = await halfway();
    const harmedAt = Date.now();
    await harm(session);
    const { error, events } = await errorOf(api, id);
    expect(Date.now() - harmedAt).toBeLessThan(5_000);
    expect(error).toMatchObject({ code, detail: expect.stringMatching(words) });
    expect(events.filter(ofKind('session')).at(-1)?.payload).toMatchObject({ state: 'lost', session });
    await untilRemoved(session);
  });
});

describe('while a person is to reply', () => {
  it('a container that is removed is told, and the next reply gets a clear error', async () => {
    const { api } = setting;
    const id = await api.launch('claude-hitl', { prompt: 'hello' });
    const { seq, payload } = await api.until(id, ofKind('prompt'));
    const lock = await api.until(id, ofKind('lock'), seq);
    await containerOf(payload.session).remove({ force: true });
    await api.until(id, (event) => event.kind === 'session' && event.payload.state === 'lost', lock.seq);
    expect((await api.execution(id)).status).toBe('awaiting');
    await reply(api, id, seq, 'are you there?');
    const { error } = await errorOf(api, id);
    expect(error.code).toBe('container_lost');
  });
});

describe('a tool that takes all memory', () => {
  it('dies alone: Claude is told, and the conversation goes on in the same container', async () => {
    const { api } = setting;
    const id = await api.launch('claude-hitl', { prompt: 'eat memory' });
    const ask = await api.until(id, ofKind('request'));
    const { session } = ask.payload;
    const before = [await pidOf(session, 'runner'), await pidOf(session, 'claude')];
    await api.answer(ask.payload.request, { decision: 'allow' });
    const result = await api.until(id, ofKind('tool_result'), ask.seq);
    expect(result.payload).toMatchObject({ isError: true, text: expect.stringMatching(/137|Killed/) });
    const at = await reply(api, id, result.seq, 'and now?');
    const { seq } = await api.until(id, ofKind('lock'), at);
    expect([await pidOf(session, 'runner'), await pidOf(session, 'claude')]).toEqual(before);
    await reply(api, id, seq - 1, 'done');
    await api.until(id, (event) => event.kind === 'status' && event.payload.status === 'finished');
  });
});
