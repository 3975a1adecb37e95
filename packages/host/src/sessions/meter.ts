import { addUsage, type Usage, usageSchema } from '@airlock/protocol/usage';
import type { Log } from '../log/log.ts';
import { fromJson } from '../store/json.ts';
import type { Tx } from '../store/store.ts';
import { sessionId } from './session-row.ts';

/** Adds the usage of one model request to its turn and its execution, and logs it. */
export async function addMetered(tx: Tx, log: Log, session: string, model: string, usage: Usage): Promise<void> {
  const row = await tx.db.selectFrom('sessions').selectAll().where('id', '=', session).executeTakeFirst();
  if (!row) return;
  const turn = addUsage(fromJson(usageSchema, row.turn_usage, `Usage of session ${session}`), usage);
  await tx.db
    .updateTable('sessions')
    .set({ turn_usage: JSON.stringify(turn) })
    .where('id', '=', session)
    .execute();
  const execution = await tx.db
    .selectFrom('executions')
    .select('usage')
    .where('id', '=', row.execution)
    .executeTakeFirstOrThrow();
  const total = addUsage(fromJson(usageSchema, execution.usage, `Usage of execution ${row.execution}`), usage);
  await tx.db
    .updateTable('executions')
    .set({ usage: JSON.stringify(total) })
    .where('id', '=', row.execution)
    .execute();
  await log.append(tx, row.execution, [{ kind: 'usage', payload: { session: sessionId(row), model, usage } }]);
}
