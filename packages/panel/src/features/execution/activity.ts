import { isFinal } from '@airlock/protocol/executions';
import type { Wait } from '@airlock/protocol/waits';
import type { Timeline } from './timeline.ts';

/** What to say while nothing is being written; null when there is nothing to wait for, or the live text shows it. */
export function activityOf({ status, live }: Pick<Timeline, 'status' | 'live'>, wait: Wait | null): string | null {
  if (status === null || isFinal(status) || status === 'awaiting' || live.length > 0) return null;
  return wait?.text ?? 'Working';
}
