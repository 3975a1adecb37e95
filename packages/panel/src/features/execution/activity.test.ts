import type { Event } from '@airlock/protocol/events';
import { idSchema } from '@airlock/protocol/ids';
import { describe, expect, it } from 'vitest';
import { activityOf } from './activity.ts';
import { emptyTimeline, reduceTimeline } from './timeline.ts';

const session = idSchema.parse('01890a5d-ac96-774b-bcce-b302099a8057');
const at = '2026-01-01T00:00:00.000Z';

/** What is said after these events of a running execution. */
function after(...events: Pick<Event, 'kind' | 'payload'>[]) {
  const log = [{ kind: 'status', payload: { status: 'running' } }, ...events];
  return log
    .map((event, n) => ({ type: 'event' as const, event: { seq: n + 1, at, ...event } as Event }))
    .reduce(reduceTimeline, emptyTimeline);
}

const state = (to: 'starting' | 'queued' | 'ready') => ({ kind: 'session' as const, payload: { session, state: to } });
const prompt = { kind: 'prompt' as const, payload: { session, id: 'p', text: 'hello' } };

describe('activityOf()', () => {
  it('says that a conversation waits for room until it has it, whatever was said meanwhile', () => {
    const queued = [state('starting'), state('queued'), prompt];
    expect(activityOf(after(...queued))).toEqual({ kind: 'working', text: 'Waiting for room' });
    expect(activityOf(after(...queued, state('ready'), prompt))).toEqual({
      kind: 'working',
      text: 'Claude is working',
    });
  });

  it('says that a container starts', () => {
    expect(activityOf(after(state('starting')))).toEqual({ kind: 'working', text: 'Starting the sealed container' });
  });
});
