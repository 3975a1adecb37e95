import { isFinal } from '@airlock/protocol/executions';
import type { Timeline } from './timeline.ts';
import type { Item } from './timeline-item.ts';

export type Activity =
  /** Nothing to wait for, or the live text shows it. */
  { kind: 'none' } | { kind: 'working'; text: string };

/** What to say while nothing is being written. */
export function activityOf(timeline: Timeline): Activity {
  const { status, live, items } = timeline;
  if (status === null || isFinal(status) || status === 'awaiting') return { kind: 'none' };
  if (live.length > 0) return { kind: 'none' };
  const session = items.findLast(({ kind }) => kind === 'session');
  if (session?.kind === 'session' && session.state === 'queued') return { kind: 'working', text: 'Waiting for room' };
  return { kind: 'working', text: describe(items.at(-1)) };
}

function describe(last: Item | undefined): string {
  switch (last?.kind) {
    case undefined:
      return 'Starting';
    case 'session':
      return last.state === 'starting' ? 'Starting the sealed container' : 'Working';
    case 'tool':
      return last.outcome === null ? `Running ${last.tool}` : 'Claude is working';
    case 'retry':
      return last.session === null ? 'Waiting to try again' : 'Waiting for the model';
    case 'prompt':
    case 'message':
    case 'thinking':
      return 'Claude is working';
    default:
      return 'Working';
  }
}
