import * as z from 'zod';

export const executionStatusSchema = z.enum(['starting', 'running', 'awaiting', 'finished', 'error', 'cancelled']);
export type ExecutionStatus = z.infer<typeof executionStatusSchema>;

const finalStatuses: ReadonlySet<ExecutionStatus> = new Set(['finished', 'error', 'cancelled']);

export function isFinal(status: ExecutionStatus): boolean {
  return finalStatuses.has(status);
}
