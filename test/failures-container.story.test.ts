import type { Event } from '@airlock/protocol/events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ofKind } from './harness/api.ts';
import { containerOf, killIn, pidOf, untilRemoved } from './harness/containers.ts';
import { reply } from './harness/endings.ts';
import { createSetting, type Setting } from './harness/setting.ts';

const said = 'This is said only in part at first, because something happens to it.';
const script = `
scenarios:
  - when: { contains: halfway }
    steps:
      - blocks: [{ text: "${said}", gate: { name: halfway, piece: 4 } }]
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

/** Waits for the turn to end after all, and ends the conversation; resolves with everything that was told. */
async function finish(id: string): Promise<Event[]> {
  const { api } = setting;
  await reply(api, id, 0, 'done');
  await api.until(id, (event) => event.kind === 'status' && event.payload.status === 'finished');
  return await api.events(id);
}

describe('in the middle of a turn', () => {
  it.each([
    ['the container is killed', (session: string) => containerOf(session).kill()],
    ['the container is removed', (session: string) => containerOf(session).remove({ force: true })],
    ['the runner is killed', (session: string) => killIn(session, 'runner')],
    ['Claude is killed', (session: string) => killIn(session, 'claude')],
  ])('%s: another takes its place, and the turn comes to its end', async (_, harm) => {
    const { sim } = setting;
    const { id, session } = await halfway();
    await harm(session);
    sim.control.gates.release('halfway', { stay: true });
    const events = await finish(id);
    expect(events.filter(ofKind('message')).map(({ payload }) => payload.text)).toEqual([said]);
    const resumed = events.filter(ofKind('session')).filter(({ payload }) => payload.state === 'resumed');
    expect(resumed.map(({ payload }) => payload.detail)).toEqual([expect.stringMatching(/was (killed|removed)/)]);
    await untilRemoved(session);
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
