import type { Event, EventKind, EventPayload } from '@airlock/protocol/events';
import { idSchema } from '@airlock/protocol/ids';
import { describe, expect, it } from 'vitest';
import { emptyTimeline, reduceTimeline, type TimelineInput } from './timeline.ts';

const session = idSchema.parse('01890a5d-ac96-774b-bcce-b302099a8057');
let seq = 0;

function event<K extends EventKind>(kind: K, payload: EventPayload<K>): TimelineInput {
  seq += 1;
  return { type: 'event', event: { seq, at: '2026-01-01T00:00:00.000Z', kind, payload } as Event };
}

const step = (step: 'started' | 'working' | 'completed', more: object = {}) =>
  event('agent', { session, id: 'a', about: 'look', step, ...more });
const run = (...inputs: TimelineInput[]) => inputs.reduce(reduceTimeline, emptyTimeline);
const tasks = (...inputs: TimelineInput[]) =>
  run(...inputs).items.flatMap((item) => (item.kind === 'task' ? [item.task] : []));

describe('a task', () => {
  it('is one item from its start to its end', () => {
    const shown = tasks(
      step('started', { agent: 'reviewer' }),
      step('working', { text: 'Reading' }),
      step('completed'),
    );
    expect(shown).toEqual([expect.objectContaining({ id: 'a', agent: 'reviewer', step: 'completed' })]);
  });

  it('is another item when it is begun again', () => {
    expect(tasks(step('started'), step('completed'), step('started')).map((task) => task.step)).toEqual([
      'completed',
      'started',
    ]);
  });

  it.each(['resumed', 'resting', 'lost', 'ended'] as const)('stops when its container is gone: %s', (state) => {
    expect(tasks(step('started'), event('session', { session, state }))).toMatchObject([
      { step: 'stopped', text: 'Its container is gone' },
    ]);
  });

  it('that is over stays as it ended', () => {
    expect(tasks(step('completed', { text: 'fine' }), event('session', { session, state: 'lost' }))).toMatchObject([
      { step: 'completed', text: 'fine' },
    ]);
  });
});

describe('what is known of a session', () => {
  it('is what was told last', () => {
    const facts = (model: string) => ({ model }) as unknown as NonNullable<EventPayload<'session'>['facts']>;
    const usage = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, costMicroUsd: 1 };
    const turn = { session, prompt: null, text: '', durationMs: 1, usage };
    const timeline = run(
      event('session', { session, state: 'ready', facts: facts('first') }),
      event('turn', { ...turn, context: { tokens: 10, window: 100 } }),
      event('session', { session, state: 'changed', facts: facts('second') }),
      event('turn', turn),
    );
    expect(timeline.facts[session]).toEqual({ model: 'second' });
    expect(timeline.context[session]).toEqual({ tokens: 10, window: 100 });
  });
});

describe('what a sub-agent says and does', () => {
  it('is told apart from what Claude does itself', () => {
    const said = { session, messageId: 'm', block: 0, text: 'I look' };
    const timeline = run(event('message', { ...said, parent: 'call' }), event('message', { ...said, messageId: 'n' }));
    expect(timeline.items.map((item) => 'parent' in item && item.parent)).toEqual(['call', null]);
  });
});
