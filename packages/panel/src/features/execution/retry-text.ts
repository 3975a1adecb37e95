import type { EventPayload } from '@airlock/protocol/events';
import { formatDuration } from '../../lib/format.ts';

type Retry = EventPayload<'retry'>;

/** What failed and is tried again. Names and reasons come from services: show it revealed. */
export function retryText(retry: Retry): string {
  const text = `${whatFailed(retry)}, trying again ${when(retry.delayMs)}, ${attempts(retry)}`;
  return retry.step === undefined ? text : `${text} · ${retry.reason}`;
}

function whatFailed({ step, status, reason }: Retry): string {
  if (step !== undefined) return `Step “${step}” failed`;
  if (status === 529) return 'Model overloaded';
  return status === 429 ? 'Model rate-limited' : `Model failed (${status ?? reason})`;
}

function when(delayMs: number): string {
  if (delayMs === 0) return 'now';
  return `in ${delayMs < 1000 ? '1 s' : formatDuration(delayMs)}`;
}

/** An attempt that was cut short is followed by another, even beyond the number allowed. */
function attempts({ step, attempt, maxRetries }: Retry): string {
  if (step === undefined) return `attempt ${attempt}`;
  return attempt > maxRetries ? `attempt ${attempt + 1}` : `attempt ${attempt + 1} of ${maxRetries + 1}`;
}
