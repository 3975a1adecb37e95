import { type ExecutionStatus, executionStatusSchema, isFinal } from '@airlock/protocol/executions';
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
  await log.append(tx, execution, [
    { kind: 'status', payload: reason === undefined ? { status } : { status, reason } },
  ]);
}
