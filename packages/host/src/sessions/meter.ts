import { addUsage, type Usage, usageSchema } from '@airlock/protocol/usage';
import type { Log } from '../log/log.ts';
import { fromJson } from '../store/json.ts';
import { statement } from '../store/statement.ts';
import type { Tx } from '../store/store.ts';
import { sessionId } from './session-row.ts';

const findUsage = statement<{ id: string }, { id: string; execution: string; turn: string; total: string }>(
  (db, param) =>
    db
      .selectFrom('sessions')
      .innerJoin('executions', 'executions.id', 'sessions.execution')
      .select(['sessions.id', 'execution', 'turn_usage as turn', 'executions.usage as total'])
      .where('sessions.id', '=', param('id')),
);

const setTurnUsage = statement<{ id: string; usage: string }, never>(
  (db, param) =>
    db
      .updateTable('sessions')
      .set({ turn_usage: param('usage') })
      .where('id', '=', param('id')) as never,
);

const setTotalUsage = statement<{ id: string; usage: string }, never>(
  (db, param) =>
    db
      .updateTable('executions')
      .set({ usage: param('usage') })
      .where('id', '=', param('id')) as never,
);

/** Adds the usage of one model request to its turn and its execution, and logs it. */
export async function addMetered(tx: Tx, log: Log, session: string, model: string, usage: Usage): Promise<void> {
  const [row] = await tx.run(findUsage, { id: session });
  if (!row) return;
  const { execution } = row;
  const turn = addUsage(fromJson(usageSchema, row.turn, `Usage of session ${session}`), usage);
  const total = addUsage(fromJson(usageSchema, row.total, `Usage of execution ${execution}`), usage);
  await tx.run(setTurnUsage, { id: session, usage: JSON.stringify(turn) });
  await tx.run(setTotalUsage, { id: execution, usage: JSON.stringify(total) });
  await log.append(tx, execution, [{ kind: 'usage', payload: { session: sessionId(row), model, usage } }]);
}
