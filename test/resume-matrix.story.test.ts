import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Event } from '@airlock/protocol/events';
import type { Outcome } from '@airlock/protocol/service-channel';
import type { SingleFrame } from '@airlock/protocol/wire';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ofKind } from './harness/api.ts';
import { createSessionRig, type SessionRig } from './harness/session-rig.ts';

/* One conversation of two turns, its "container" killed after the first frame of it that was committed, or the second, or … */

const write = '{ tool_use: { name: Write, input: { file_path: "./note.txt", content: rock } } }';
const run = `{ tool_use: { name: Bash, input: { command: "python3 -c \\"print('ran', file=open('ran.txt', 'a'))\\"" } } }`;
const script = `
scenarios:
  - when: { contains: remember, toolResult: outcome is unknown }
    steps: [{ blocks: [${write}] }]
  - when: { contains: remember }
    steps:
      - blocks: [{ thinking: They want me to remember. }, { text: I write it down first. }, ${write}]
      - { say: I will remember that. }
      - { say: I will remember that. }
  - when: { contains: leave, toolResult: outcome is unknown }
    steps: [{ blocks: [${run}] }]
  - when: { contains: leave }
    steps:
      - blocks: [{ text: I need leave for this. }, ${run}]
      - blocks: [{ text: It ran. }, { text: "You began with: {{firstPrompt}}" }]
      - blocks: [{ text: It ran. }, { text: "You began with: {{firstPrompt}}" }]
`;

interface Told {
  readonly outcomes: Outcome[];
  readonly events: Event[];
  readonly frames: readonly (readonly SingleFrame[])[];
  /** Requests for answers of the model. */
  readonly requests: number;
  readonly settled: readonly number[];
  readonly ran: string;
}

/** Holds the conversation; `crashAt` counts the frames of the first container from 1. */
async function hold(crashAt = Number.POSITIVE_INFINITY): Promise<Told> {
  const frames: (readonly SingleFrame[])[] = [];
  const rig: SessionRig = await createSessionRig({
    script,
    async onCommitted(committed, placement) {
      frames.push(committed);
      if (frames.length !== crashAt) return;
      await placement.kill();
      throw new Error('Nothing else came through');
    },
  });
  try {
    const outcomes = [await rig.say('Please remember the word ocelot'), await rig.say('run it, with my leave')];
    const ran = join(rig.placement.workspace, 'ran.txt');
    return {
      outcomes,
      events: await rig.events(),
      frames,
      requests: rig.sim.requests.filter(({ talk }) => talk !== undefined).length,
      settled: rig.settled,
      ran: existsSync(ran) ? readFileSync(ran, 'utf8') : '',
    };
  } finally {
    await rig.end();
  }
}

const textsOf = (outcomes: Outcome[]) =>
  outcomes.map((outcome) => (outcome.ok ? (outcome.value as { text: string }).text : outcome.error.code));
const messagesOf = (events: Event[]) =>
  events.flatMap(({ kind, payload }) => (kind === 'message' ? [payload.text] : []));
const count = (frames: readonly SingleFrame[], type: SingleFrame['type']) =>
  frames.filter((frame) => frame.type === type).length;

describe('a container lost after any of its frames', () => {
  it('changes no outcome of a turn, stores every message once, and runs no tool twice whose result was stored', async () => {
    const whole = await hold();
    expect(textsOf(whole.outcomes)).toEqual([
      'I will remember that.',
      'You began with: Please remember the word ocelot',
    ]);
    expect(whole.frames.length).toBeGreaterThan(10);
    for (let crashAt = 1; crashAt < whole.frames.length; crashAt += 1) {
      const told = await hold(crashAt);
      const kept = told.frames.slice(0, crashAt).flat();
      const lostAt = `after ${crashAt} frames, the last ${told.frames[crashAt - 1]?.map(({ type }) => type)}`;
      expect(textsOf(told.outcomes), lostAt).toEqual(textsOf(whole.outcomes));
      expect(told.settled, lostAt).toEqual([1, 1]);
      // A turn Claude had finished is not asked for again.
      if (kept.at(-1)?.type === 'message') expect(told.requests, lostAt).toBe(whole.requests);
      if (kept.at(-1)?.type === 'turn') expect(told.requests, lostAt).toBe(whole.requests);
      expect(messagesOf(told.events), lostAt).toEqual(messagesOf(whole.events));
      expect(told.events.filter(ofKind('prompt')), lostAt).toHaveLength(2);
      expect(told.events.filter(ofKind('turn')), lostAt).toHaveLength(2);
      if (count(kept, 'tool_result') === 2) expect(told.ran, lostAt).toBe('ran\n');
    }
  }, 300_000);
});

describe('a container lost while a sub-agent is at work', () => {
  it('leaves the sub-agent behind with what it said, and its end is not taken for that of a turn', async () => {
    const rig = await createSessionRig({
      script: `
scenarios:
  - when: { contains: part of it }
    steps:
      - blocks: [{ text: I look around. }, { tool_use: { name: Bash, input: { command: "echo part", description: looks } } }]
      - blocks: [{ text: Never whole., gate: { name: sub-agent, piece: 1 } }]
  - when: { contains: delegate }
    steps:
      - blocks:
          - tool_use: { name: Agent, input: { description: looks, prompt: part of it, subagent_type: general-purpose } }
      - say: It is at work.
  - when: { contains: and now }
    steps: [{ say: "You began with: {{firstPrompt}}" }]
`,
    });
    onTestFinished(() => rig.end());
    const outcomes = [await rig.say('delegate it')];
    await rig.sim.control.gates.arrival('sub-agent');
    await rig.placement.kill();
    outcomes.push(await rig.say('and now?'));
    expect(textsOf(outcomes)).toEqual(['It is at work.', 'You began with: delegate it']);
    expect(rig.settled).toEqual([1, 1]);
    const [first, second] = rig.placement.homes.map(subAgentsIn);
    expect(first).toHaveLength(2);
    expect(second).toEqual(first);
  });
});

/** Names of the files the CLI keeps of its sub-agents. */
function subAgentsIn(home: string): string[] {
  const names = readdirSync(join(home, '.claude', 'projects'), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => /subagents.agent-/.test(name)).sort();
}
