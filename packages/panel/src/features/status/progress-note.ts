import type { ExecutionSummary } from '@airlock/protocol/api';
import { isFinal } from '@airlock/protocol/executions';

/** What an execution waits for that is not a person: its end, its turn, or room. Null when nothing of the kind. */
export function progressNote({ status, queue, stopping }: Pick<ExecutionSummary, 'status' | 'queue' | 'stopping'>) {
  if (isFinal(status)) return null;
  if (stopping !== null) return `Stopping: ${stopping}`;
  if (queue === null) return null;
  if (status !== 'starting') return queue === 0 ? 'Waits for room: it is next' : `Waits for room: ${queue} before it`;
  return queue === 0 ? 'Next in the queue' : `Queued, ${queue} before it`;
}
