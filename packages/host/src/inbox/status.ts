import { type ExecutionStatus, executionStatusSchema, isFinal } from '@airlock/protocol/executions';
import type { Log } from '../log/log.ts';
import type { Tx } from '../store/store.ts';

/** Brings an execution's status in line with its open requests: `awaiting` means that at least one is open. */
export async function refreshStatus(log: Log, tx: Tx, execution: string): Promise<void> {
  const row = await tx.db.selectFrom('executions').select('status').where('id', '=', execution).executeTakeFirst();
  if (!row || isFinal(executionStatusSchema.parse(row.status))) return;
  const open = await tx.db
    .selectFrom('requests')
    .select('id')
    .where('execution', '=', execution)
    .where('status', '=', 'open')
    .limit(1)
    .executeTakeFirst();
  await setStatus(log, tx, execution, open ? 'awaiting' : 'running');
}

/** Sets a status and logs it; does nothing when it is already so. */
export async function setStatus(
  log: Log,
  tx: Tx,
  execution: string,
  status: ExecutionStatus,
  reason?: string,
): Promise<void> {
  const changed = await tx.db
    .updateTable('executions')
    .set({ status })
    .where('id', '=', execution)
    .where('status', '!=', status)
    .executeTakeFirst();
  if (changed.numUpdatedRows === 0n) return;
  await log.append(tx, execution, [
    { kind: 'status', payload: reason === undefined ? { status } : { status, reason } },
  ]);
}
