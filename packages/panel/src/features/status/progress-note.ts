import type { ExecutionSummary } from '@airlock/protocol/api';
import { isFinal } from '@airlock/protocol/executions';

/** What an execution waits for that is not a person: its end, or its turn. Null when nothing of the kind. */
export function progressNote({ status, queue, stopping }: Pick<ExecutionSummary, 'status' | 'queue' | 'stopping'>) {
  if (isFinal(status)) return null;
  if (stopping !== null) return `Stopping: ${stopping}`;
  if (queue === null) return null;
  return queue === 0 ? 'Next in the queue' : `Queued, ${queue} before it`;
}
