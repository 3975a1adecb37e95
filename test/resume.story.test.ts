import type { Event } from '@airlock/protocol/events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ofKind } from './harness/api.ts';
import { containerOf, untilRemoved, untilReplaced } from './harness/containers.ts';
import { errorOf } from './harness/endings.ts';
import { type Begun, begin as beginIn, idOf, isState, recall, recallScenarios, textsOf } from './harness/recall.ts';
import { createSetting, type Setting } from './harness/setting.ts';

const long = 'The quick brown fox jumps over the lazy dog and runs on through the wood.';
const script = `
scenarios:${recallScenarios}  - when: { contains: in one block }
    steps: [{ blocks: [{ text: "${long}", gate: { name: first-block, piece: 6 } }] }]
  - when: { contains: after a tool }
    steps:
      - blocks:
          - text: I write it down first.
          - tool_use: { name: Write, input: { file_path: /workspace/kept.txt, content: kept } }
      - blocks: [{ text: "${long}", gate: { name: after-tool, piece: 6 } }]
  - when: { toolResult: outcome is unknown }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "python3 -c \\"print('ran', file=open('/workspace/ran.txt', 'a'))\\"" } } }]
  - when: { contains: after leave }
    steps:
      - blocks:
          - text: I need leave for this.
          - tool_use: { name: Bash, input: { command: "python3 -c \\"print('ran', file=open('/workspace/ran.txt', 'a'))\\"" } }
      - say: never said, because the container is lost
      - blocks: [{ tool_use: { name: Read, input: { file_path: /workspace/ran.txt } } }]
      - say: "It ran: {{toolResult}}"
`;

let setting: Setting;
beforeAll(async () => {
  setting = await createSetting(script);
});
afterAll(() => setting?.remove());
afterEach(() => setting.sim.control.reset());

const kill = (session: string) => containerOf(session).kill();
const remove = (session: string) => containerOf(session).remove({ force: true });
const begin = (prompt: string) => beginIn(setting, prompt);

/** Goes on after the loss of a container, in another one with the same workspace. */
async function goOn(begun: Begun): Promise<Event[]> {
  const { session, container } = begun;
  const events = await recall(setting, begun, async () => expect(await idOf(session)).not.toBe(container));
  expect(events.filter(isState('resumed'))).toHaveLength(1);
  const next = events.findLast(isState('resumed'));
  expect(next?.payload).toMatchObject({ session, detail: expect.stringMatching(/was (killed|removed)/) });
  return events;
}

describe('a container lost while a person is to reply', () => {
  it.each([
    ['killed', kill],
    ['removed', remove],
  ])('is replaced when it is %s, before the reply and with everything said', async (_, harm) => {
    const { api } = setting;
    const begun = await begin('in one block, held by nothing');
    setting.sim.control.gates.release('first-block', { stay: true });
    const lock = await api.until(begun.id, ofKind('lock'), begun.at);
    await harm(begun.session);
    await api.until(begun.id, isState('resumed'), lock.seq);
    expect((await api.execution(begun.id)).status).toBe('awaiting');
    const events = await goOn(begun);
    expect(textsOf(events).slice(0, 2)).toEqual(['I will remember that.', long]);
  });

  it('rests when it is lost again, and a new one starts with the reply', async () => {
    const { api } = setting;
    const begun = await begin('in one block, held by nothing');
    setting.sim.control.gates.release('first-block', { stay: true });
    let { seq } = await api.until(begun.id, ofKind('lock'), begun.at);
    await kill(begun.session);
    ({ seq } = await api.until(begun.id, isState('resumed'), seq));
    await untilReplaced(begun.session, begun.container);
    await kill(begun.session);
    await api.until(begun.id, isState('resting'), seq);
    await untilRemoved(begun.session);
    await goOn(begun);
  });
});

describe.each([{ vary: false }, { vary: true }])('a container lost in a turn (model varies: $vary)', ({ vary }) => {
  const loseAt = async (gate: 'first-block' | 'after-tool', harm: (session: string) => Promise<unknown>) => {
    const { api, sim } = setting;
    sim.control.setVary({ enabled: vary });
    const begun = await begin(gate === 'first-block' ? 'in one block' : 'after a tool');
    await sim.control.gates.arrival(gate);
    if (gate === 'after-tool') await api.until(begun.id, ofKind('tool_result'), begun.at);
    await harm(begun.session);
    sim.control.gates.release(gate, { stay: true });
    return await goOn(begun);
  };

  it('in the first block: the prompt is said again, and the whole answer is stored once', async () => {
    const events = await loseAt('first-block', kill);
    const texts = textsOf(events);
    expect(texts).toHaveLength(3);
    expect(texts[1] === long).toBe(!vary);
    expect(JSON.stringify(events)).not.toContain('Claude is told');
  });

  it('and removed: the same', async () => {
    expect(textsOf(await loseAt('first-block', remove))).toHaveLength(3);
  });

  it('in the answer after a tool: the tool ran once, and Claude is told that it was cut off', async () => {
    const events = await loseAt('after-tool', kill);
    expect(textsOf(events).slice(1, 2)).toEqual(['I write it down first.']);
    expect(textsOf(events)).toHaveLength(4);
    const uses = events.filter(ofKind('tool_use')).map(({ payload }) => payload.toolUseId);
    expect(uses).toHaveLength(3);
    expect(events.filter(ofKind('tool_result')).map(({ payload }) => payload.toolUseId)).toEqual(uses);
    expect(JSON.stringify(events.filter(isState('resumed')))).toContain('Claude is told');
  });

  it('with its host: the next host replaces it', async () => {
    const { host } = setting;
    const events = await loseAt('after-tool', async (session) => {
      await host.kill();
      await kill(session);
      await host.start();
    });
    expect(textsOf(events)).toHaveLength(4);
  });

  it('as soon as a tool has a result: Claude knows the result', async () => {
    const { api, sim } = setting;
    sim.control.setVary({ enabled: vary });
    const begun = await begin('after a tool');
    await api.until(begun.id, ofKind('tool_result'), begun.at);
    await kill(begun.session);
    sim.control.gates.release('after-tool', { stay: true });
    const events = await goOn(begun);
    expect(events.filter(ofKind('tool_use'))).toHaveLength(3);
  });

  it('while leave is asked for: the request is withdrawn, Claude asks anew, and the tool runs once', async () => {
    const { api, sim } = setting;
    sim.control.setVary({ enabled: vary });
    const begun = await begin('after leave');
    const ask = await api.until(begun.id, ofKind('request'), begun.at);
    await kill(begun.session);
    await api.until(begun.id, isState('resumed'), ask.seq);
    const late = await api.call('POST', `/requests/${ask.payload.request}/answer`, { inputs: { decision: 'allow' } });
    expect(late.status).toBe(410);
    const again = await api.until(begun.id, ofKind('request'), ask.seq);
    await api.answer(again.payload.request, { decision: 'allow' });
    const events = await goOn(begun);
    expect(events.filter(ofKind('answer')).map(({ payload }) => payload.outcome)).toEqual(['withdrawn', 'answered']);
    const results = events.filter(ofKind('tool_result')).map(({ payload }) => payload);
    expect(results.map(({ toolUseId }) => toolUseId)).toEqual(
      events.filter(ofKind('tool_use')).map(({ payload }) => payload.toolUseId),
    );
    expect(results[1]).toMatchObject({ isError: true, text: expect.stringContaining('not known') });
    expect(textsOf(events)[1]).toBe('I need leave for this.');
    expect(textsOf(events)[2]).toBe('It ran: 1\tran\n2\t');
  });
});

describe('a host that is killed while it replaces a container', () => {
  it('leaves the rest to the next host', async () => {
    const { api, host, sim } = setting;
    const begun = await begin('after a tool');
    await sim.control.gates.arrival('after-tool');
    const { seq } = await api.until(begun.id, ofKind('tool_result'), begun.at);
    await kill(begun.session);
    await api.until(begun.id, isState('resumed'), seq);
    await host.kill();
    sim.control.gates.release('after-tool', { stay: true });
    await host.start();
    expect(textsOf(await goOn(begun))).toHaveLength(4);
  });
});

describe('containers lost again and again', () => {
  it('end the session with the cause when nothing got done in three', async () => {
    const { api, sim } = setting;
    const { id, session, at } = await begin('in one block');
    let seq = at;
    for (const round of [1, 2, 3]) {
      await sim.control.gates.arrival('first-block');
      await kill(session);
      sim.control.gates.release('first-block');
      if (round < 3) ({ seq } = await api.until(id, isState('resumed'), seq));
    }
    const { error, events } = await errorOf(api, id);
    expect(error).toMatchObject({ code: 'container_lost', detail: expect.stringMatching(/was killed.*3 in a row/) });
    expect(events.filter(isState('lost'))).toHaveLength(1);
  });
});
