import type { Event } from '@airlock/protocol/events';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ofKind } from './harness/api.ts';
import { containerOf, killIn, runIn } from './harness/containers.ts';
import { createEngineProxy, type EngineProxy } from './harness/engine-proxy.ts';
import { type Begun, begin, idOf, isState, recall, recallScenarios, textsOf } from './harness/recall.ts';
import { createSetting, type Setting } from './harness/setting.ts';

/* Everything a conversation runs on, killed at every moment of a turn. */

const long = 'The quick brown fox jumps over the lazy dog and runs on through the wood.';
const once = `python3 -c \\"print('ran', file=open('/workspace/ran.txt', 'a'))\\"`;
const untilTold = `${once}; until [ -e /workspace/go ]; do sleep 0.05; done`;
const script = `
scenarios:${recallScenarios}  - when: { contains: before the first token }
    steps: [{ hold: held, say: "${long}" }]
  - when: { contains: in the first block }
    steps: [{ blocks: [{ text: "${long}", gate: { name: held, piece: 6 } }] }]
  - when: { contains: after a block }
    steps: [{ blocks: [{ text: This block is finished. }, { text: "${long}", gate: { name: held, piece: 6 } }] }]
  - when: { contains: with my leave, toolResult: outcome is unknown }
    steps: [{ blocks: [{ tool_use: { name: Bash, input: { command: "${once}" } } }] }]
  - when: { contains: with my leave }
    steps:
      - blocks: [{ text: I ask for leave. }, { tool_use: { name: Bash, input: { command: "${once}" } } }]
      - say: "${long}"
      - say: "${long}"
  - when: { contains: while it runs, toolResult: outcome is unknown }
    steps: [{ say: "Whether it ran, I do not know. ${long}" }]
  - when: { contains: while it runs }
    steps:
      - blocks: [{ text: I run it. }, { tool_use: { name: Bash, input: { command: "${untilTold}" } } }]
      - say: "${long}"
  - when: { contains: between turns }
    steps: [{ say: "${long}" }]
`;

let engine: EngineProxy;
let setting: Setting;
beforeAll(async () => {
  engine = await createEngineProxy();
  setting = await createSetting(script, { env: { DOCKER_HOST: engine.dockerHost } });
});
afterAll(async () => {
  await engine?.start();
  await setting?.remove();
  await engine?.remove();
});
afterEach(() => setting.sim.control.reset());

const killers = {
  CLI: (session: string) => killIn(session, 'claude'),
  runner: (session: string) => killIn(session, 'runner'),
  container: async (session: string) => void (await containerOf(session).kill()),
  // Containers end with their engine.
  async engine(session: string) {
    await engine.stop();
    await containerOf(session).kill();
    await engine.start();
  },
  async host() {
    await setting.host.kill();
    await setting.host.start();
  },
};
type Victim = keyof typeof killers;

interface Moment {
  readonly prompt: string;
  /** Resolves when it has come. */
  arrive(begun: Begun): Promise<void>;
  /** What people and tools do after the kill. */
  goOn?(begun: Begun, victim: Victim): Promise<void>;
  check(events: Event[], victim: Victim, vary: boolean): void;
  /** Whether the command has written its line, once. */
  readonly runs?: true;
}

function held(prompt: string, check: Moment['check']): Moment {
  return {
    prompt,
    arrive: () => setting.sim.control.gates.arrival('held'),
    async goOn() {
      setting.sim.control.gates.release('held', { stay: true });
    },
    check,
  };
}

function checkOneText(events: Event[], _: Victim, vary: boolean): void {
  const texts = textsOf(events);
  expect(texts).toHaveLength(3);
  if (!vary) expect(texts[1]).toBe(long);
}

const readRan = (session: string) => runIn(session, 'cat /workspace/ran.txt');

/** Allows the first command that is asked about after `at`. */
async function allow({ id, at }: Begun): Promise<void> {
  const { api } = setting;
  const { payload } = await api.until(id, ofKind('request'), at);
  await api.answer(payload.request, { decision: 'allow' });
}

const moments: Record<string, Moment> = {
  'before the first token': held('before the first token', checkOneText),
  'in the first block': held('in the first block', checkOneText),

  'after a block': held('after a block', (events, victim, vary) => {
    const texts = textsOf(events);
    if (!vary || victim === 'host') expect(texts[1]).toBe('This block is finished.');
    expect(texts.at(-2)).toContain('The quick brown fox');
    expect(texts).toHaveLength(4);
  }),

  'waiting for approval': {
    prompt: 'run it with my leave',
    runs: true,
    async arrive({ id, at }) {
      await setting.api.until(id, ofKind('request'), at);
    },
    async goOn(begun, victim) {
      const { api } = setting;
      const { seq } = await api.until(begun.id, ofKind('request'), begun.at);
      if (victim === 'host') return await allow(begun);
      await api.until(begun.id, isState('resumed'), seq);
      await allow({ ...begun, at: seq });
    },
    check(events, victim) {
      const outcomes = events.filter(ofKind('answer')).map(({ payload }) => payload.outcome);
      expect(outcomes).toEqual(victim === 'host' ? ['answered'] : ['withdrawn', 'answered']);
    },
  },

  'while a tool runs': {
    prompt: 'run it while it runs',
    runs: true,
    async arrive(begun) {
      await allow(begun);
      const hasRun = async () => expect(await readRan(begun.session)).toBe('ran');
      await vi.waitFor(hasRun, { timeout: 20_000, interval: 50 });
    },
    async goOn({ session }, victim) {
      if (victim === 'host') await runIn(session, 'touch /workspace/go');
    },
    check(events, victim) {
      expect(events.filter(ofKind('request'))).toHaveLength(1);
      const [, result] = events.filter(ofKind('tool_result')).map(({ payload }) => payload);
      if (victim === 'host') return expect(result).toMatchObject({ isError: false });
      expect(result).toMatchObject({ isError: true, text: expect.stringContaining('not known') });
      expect(textsOf(events)[2]).toContain('Whether it ran, I do not know.');
    },
  },

  'between turns': {
    prompt: 'between turns',
    async arrive({ id, at }) {
      await setting.api.until(id, ofKind('lock'), at);
    },
    check(events) {
      expect(textsOf(events)[1]).toBe(long);
    },
  },
};

const cases = Object.entries(moments).flatMap(([name, moment]) =>
  (Object.keys(killers) as Victim[]).flatMap((victim) => [false, true].map((vary) => ({ name, moment, victim, vary }))),
);

describe('a conversation goes on as if nothing had been', () => {
  it.each(cases)('$name, the $victim killed (model varies: $vary)', async ({ moment, victim, vary }) => {
    const { sim } = setting;
    sim.control.setVary({ enabled: vary });
    const begun = await begin(setting, moment.prompt);
    await moment.arrive(begun);
    await killers[victim](begun.session);
    await moment.goOn?.(begun, victim);
    const events = await recall(setting, begun, async () => {
      if (victim === 'host') expect(await idOf(begun.session)).toBe(begun.container);
      else expect(await idOf(begun.session)).not.toBe(begun.container);
      if (moment.runs) expect(await readRan(begun.session)).toBe('ran');
    });
    expect(events.filter(isState('resumed'))).toHaveLength(victim === 'host' ? 0 : 1);
    moment.check(events, victim, vary);
  });
});
