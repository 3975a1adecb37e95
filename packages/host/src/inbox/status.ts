import { type ExecutionStatus, executionStatusSchema, isFinal } from '@airlock/protocol/executions';
import { sql } from 'kysely';
import type { Log } from '../log/log.ts';
import { statement } from '../store/statement.ts';
import type { Tx } from '../store/store.ts';

const findStatus = statement<{ execution: string }, { status: string; open: number }>((db, param) =>
  db
    .selectFrom('executions')
    .select(({ exists, selectFrom, val }) => [
      'status',
      exists(
        selectFrom('requests')
          .select('id')
          .where('execution', '=', param('execution'))
          .where('requests.status', '=', val('open')),
      )
        .$castTo<number>()
        .as('open'),
    ])
    .where('id', '=', param('execution')),
);

const updateStatus = statement<{ execution: string; status: string }, { id: string }>((db, param) =>
  db
    .updateTable('executions')
    .set({ status: param('status') })
    .where('id', '=', param('execution'))
    .where('status', '!=', param('status'))
    .returning('id'),
);

/** Adds up how long people were waited for, from one change of status to the next. Times in ms since 1970. */
const countWaiting = statement<{ execution: string; now: number; since: number | null }, never>(
  (db, param) =>
    db
      .updateTable('executions')
      .set({
        waited_ms: sql`waited_ms + coalesce(${param('now')} - waiting_since, 0)`,
        waiting_since: param('since'),
      })
      .where('id', '=', param('execution')) as never,
);

/** Brings an execution's status in line with its open requests: `awaiting` means that at least one is open. */
export async function refreshStatus(log: Log, tx: Tx, execution: string): Promise<void> {
  const [row] = await tx.run(findStatus, { execution });
  if (!row || isFinal(executionStatusSchema.parse(row.status))) return;
  await setStatus(log, tx, execution, row.open === 1 ? 'awaiting' : 'running');
}

/** Sets a status and logs it; does nothing when it is already so. */
export async function setStatus(
  log: Log,
  tx: Tx,
  execution: string,
  status: ExecutionStatus,
  reason?: string,
): Promise<void> {
  const [changed] = await tx.run(updateStatus, { execution, status });
  if (!changed) return;
  const payload = reason === undefined ? { status } : { status, reason };
  const [event] = await log.append(tx, execution, [{ kind: 'status', payload }]);
  if (!event) return;
  const now = Date.parse(event.at);
  await tx.run(countWaiting, { execution, now, since: status === 'awaiting' ? now : null });
}
