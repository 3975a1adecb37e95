import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Event } from '@airlock/protocol/events';
import type { Outcome } from '@airlock/protocol/service-channel';
import type { SingleFrame } from '@airlock/protocol/wire';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ofKind } from './harness/api.ts';
import { isState } from './harness/recall.ts';
import { createSessionRig } from './harness/session-rig.ts';

/* A turn that sleeps while a person is asked, its "container" killed after the first frame that was committed, or the second, … */

const run = `{ tool_use: { name: Bash, input: { command: "echo ran >> ran.txt" } } }`;
const script = `
scenarios:
  - when: { contains: run it, toolResult: outcome is unknown }
    steps: [{ say: Whether it ran I do not know. }]
  - when: { contains: run it }
    steps:
      - blocks: [{ text: I need leave for this. }, ${run}]
      - say: It ran.
      - say: It ran.
  - when: { contains: how did it begin }
    steps: [{ say: "You began with: {{firstPrompt}}" }]
`;

interface Told {
  readonly outcomes: Outcome[];
  readonly events: Event[];
  /** Committed, with those of every container. */
  readonly frames: readonly (readonly SingleFrame[])[];
  readonly settled: readonly number[];
  readonly ran: string;
}

/** Holds the conversation; `crashAt` counts frames from 1. */
async function hold(crashAt = Number.POSITIVE_INFINITY, vary = false): Promise<Told> {
  const frames: (readonly SingleFrame[])[] = [];
  const rig = await createSessionRig({
    script,
    session: { hibernateMs: 1, rules: [{ decision: 'ask', tool: 'Bash' }] },
    sleeps: true,
    async onCommitted(committed, placement) {
      frames.push(committed);
      if (frames.length !== crashAt) return;
      await placement.kill();
      throw new Error('Nothing else came through');
    },
  });
  rig.sim.control.setVary({ enabled: vary });
  try {
    const outcomes = [await rig.say('Please run it, ocelot'), await rig.say('how did it begin?')];
    return {
      outcomes,
      events: await rig.events(),
      frames,
      settled: rig.settled,
      ran: readIfThere(join(rig.placement.workspace, 'ran.txt')),
    };
  } finally {
    await rig.end();
  }
}

const readIfThere = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '');
const textsOf = (outcomes: Outcome[]) =>
  outcomes.map((outcome) => (outcome.ok ? (outcome.value as { text: string }).text : outcome.error.code));
const messagesOf = (events: Event[]) =>
  events.flatMap(({ kind, payload }) => (kind === 'message' ? [payload.text] : []));
const has = (frames: readonly SingleFrame[], type: SingleFrame['type']) => frames.some((frame) => frame.type === type);
const isMarker = (frame: SingleFrame) =>
  frame.type === 'transcript' && JSON.stringify(frame.entries).includes('hook_deferred_tool');

describe.each([{ vary: false }, { vary: true }])('H15, H16. a turn that sleeps (model varies: $vary)', ({ vary }) => {
  it('ends as if it had not, whenever its container is lost', async () => {
    const whole = await hold(undefined, vary);
    expect(textsOf(whole.outcomes)).toEqual(['It ran.', 'You began with: Please run it, ocelot']);
    expect(whole.events.filter(isState('hibernated'))).toHaveLength(1);
    expect(whole.ran).toBe('ran\n');
    const all = whole.frames.flat();
    for (const type of ['waits', 'taken_up', 'tool_result'] as const) expect(has(all, type)).toBe(true);
    for (let crashAt = 1; crashAt < whole.frames.length; crashAt += 1) {
      const told = await hold(crashAt, vary);
      const kept = told.frames.slice(0, crashAt).flat();
      const lostAt = `after ${crashAt} frames, the last ${told.frames[crashAt - 1]?.map(({ type }) => type)}`;
      expect(told.settled, lostAt).toEqual([1, 1]);
      expect(textsOf(told.outcomes)[1], lostAt).toContain('You began with: Please run it, ocelot');
      const texts = messagesOf(told.events);
      expect(texts, lostAt).toEqual([...new Set(texts)]);
      expect(told.events.filter(ofKind('prompt')), lostAt).toHaveLength(2);
      expect(told.events.filter(ofKind('turn')), lostAt).toHaveLength(2);
      const uses = told.events.filter(ofKind('tool_use')).map(({ payload }) => payload.toolUseId);
      const results = told.events.filter(ofKind('tool_result')).map(({ payload }) => payload.toolUseId);
      expect(results, lostAt).toEqual(uses);
      expect(['', 'ran\n'], lostAt).toContain(told.ran);
      const isPutOff = kept.some(isMarker);
      // Once it is put off, only a loss while the tool may run is one.
      const isLost = has(kept, 'taken_up') && !has(kept, 'tool_result');
      if (isPutOff && !isLost) {
        expect(told.ran, lostAt).toBe('ran\n');
        expect(textsOf(told.outcomes)[0], lostAt).toContain('It ran.');
        expect(told.events.filter(ofKind('request')), lostAt).toHaveLength(1);
      }
      if (isLost) expect(textsOf(told.outcomes)[0], lostAt).toBe('Whether it ran I do not know.');
    }
  }, 300_000);
});

describe('a CLI that is spoken to late', () => {
  it.each([
    ['allowed', { decision: 'allow' }, 'ran\n'],
    ['denied', { decision: 'deny', message: 'No' }, ''],
  ])('H18. makes the call that was put off only as people have decided: %s', async (_, answer, ran) => {
    const rig = await createSessionRig({
      script,
      // Nothing of the CLI's own would hold it back.
      session: { hibernateMs: 1, rules: [{ decision: 'ask', tool: 'Bash' }], allowedTools: ['Bash'] },
      sleeps: true,
      answer,
      late: true,
    });
    onTestFinished(() => rig.end());
    expect(textsOf([await rig.say('Please run it, ocelot')])).toEqual(['It ran.']);
    expect(readIfThere(join(rig.placement.workspace, 'ran.txt'))).toBe(ran);
    const events = await rig.events();
    expect(events.filter(isState('hibernated'))).toHaveLength(1);
    expect(events.filter(ofKind('request'))).toHaveLength(1);
    expect(events.filter(ofKind('tool_result')).map(({ payload }) => payload.isError)).toEqual([ran === '']);
  });
});
