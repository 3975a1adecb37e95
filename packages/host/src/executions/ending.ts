import type { AirlockError } from '@airlock/protocol/errors';
import type { NewEvent, Shown } from '@airlock/protocol/events';
import { executionStatusSchema, isFinal } from '@airlock/protocol/executions';
import type { Inbox } from '../inbox/inbox.ts';
import { setStatus } from '../inbox/status.ts';
import type { Log } from '../log/log.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Tx } from '../store/store.ts';
import type { Timers } from '../timers/timers.ts';

/** How an execution ends. */
export type Ending =
  | [status: 'finished', final: Shown]
  | [status: 'error', error: AirlockError]
  | [status: 'cancelled', reason: string];

interface EndingSinks {
  readonly log: Log;
  readonly inbox: Inbox;
  readonly sessions: Sessions;
  readonly timers: Timers;
  readonly clock: () => Date;
}

/** Ends an execution once: last event, status, requests withdrawn, timers cleared, sessions told to end. */
export async function endExecution(tx: Tx, id: string, ending: Ending, sinks: EndingSinks): Promise<void> {
  const row = await tx.db.selectFrom('executions').select('status').where('id', '=', id).executeTakeFirst();
  if (!row || isFinal(executionStatusSchema.parse(row.status))) return;
  await sinks.inbox.withdraw(tx, { execution: id });
  await sinks.sessions.end(tx, id);
  await sinks.timers.clear(tx, { execution: id });
  const [status, what] = ending;
  const last = lastEvent(ending);
  if (last) await sinks.log.append(tx, id, [last]);
  await tx.db
    .updateTable('executions')
    .set({
      ended_at: sinks.clock().toISOString(),
      result: status === 'finished' ? JSON.stringify(what) : null,
    })
    .where('id', '=', id)
    .execute();
  await setStatus(sinks.log, tx, id, status, status === 'cancelled' ? what : undefined);
}

function lastEvent([status, what]: Ending): NewEvent | undefined {
  if (status === 'finished') return { kind: 'final', payload: what };
  if (status === 'error') return { kind: 'error', payload: what.toBody() };
  return undefined;
}
