import type { ExecutionSummary } from '@airlock/protocol/api';
import { isFinal } from '@airlock/protocol/executions';
import type { Wait } from '@airlock/protocol/waits';

type Waiting = Pick<ExecutionSummary, 'status' | 'waitsFor'>;

/** What goes on by itself: shown where the work is, and not as a reason to wait. */
const passing: ReadonlySet<Wait['kind']> = new Set(['container', 'tool', 'model', 'service']);
/** Ends without an event that would tell. */
const untold: ReadonlySet<Wait['kind']> = new Set(['stop', 'turn', 'room', 'retry', 'timer', 'engine']);

/** What an execution waits for; null when it has ended, and when its status has changed since that was asked. */
export function waitNow({ status, waitsFor }: Waiting): Wait | null {
  if (waitsFor === null || isFinal(status)) return null;
  const fits = waitsFor.kind === 'stop' || (waitsFor.kind === 'person') === (status === 'awaiting');
  return fits ? waitsFor : null;
}

/** What keeps it from going on. It may hold words of a model: show it revealed. */
export function waitNote(execution: Waiting): string | null {
  const wait = waitNow(execution);
  return wait === null || passing.has(wait.kind) ? null : wait.text;
}

/** Whether it has to be asked for again and again. */
export function isUntold(execution: Waiting): boolean {
  const wait = waitNow(execution);
  return wait !== null && untold.has(wait.kind);
}
