import type { AirlockError } from '@airlock/protocol/errors';
import type { NewEvent } from '@airlock/protocol/events';
import type { Json } from '@airlock/protocol/json';
import { type Call, callSchema, type Outcome, outcomeSchema } from '@airlock/protocol/service-channel';
import type { Inbox } from '../inbox/inbox.ts';
import type { Log } from '../log/log.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { fromJson } from '../store/json.ts';
import type { Tx } from '../store/store.ts';

/*
 * Calls of services, as the log keeps them.
 *
 * C1. A call is recorded under its key in the write that acts on it; a second call under the same key acts no more.
 * C2. A call has one outcome, numbered in the order in which outcomes were committed.
 */

export interface CallSinks {
  readonly log: Log;
  readonly inbox: Inbox;
  readonly sessions: Sessions;
  readonly clock: () => Date;
  /** Tells the service process of an outcome; called after the commit. */
  readonly deliver: (execution: string, key: string, outcome: Outcome) => void;
}

/** Records an outcome; the first one stands. */
export async function settleCall(
  tx: Tx,
  execution: string,
  key: string,
  outcome: Outcome,
  deliver: CallSinks['deliver'],
): Promise<void> {
  const { next_outcome } = await tx.db
    .updateTable('executions')
    .set((eb) => ({ next_outcome: eb('next_outcome', '+', 1) }))
    .where('id', '=', execution)
    .returning('next_outcome')
    .executeTakeFirstOrThrow();
  const updated = await tx.db
    .updateTable('calls')
    .set({ outcome: JSON.stringify(outcome), settled: next_outcome })
    .where('execution', '=', execution)
    .where('key', '=', key)
    .where('outcome', 'is', null)
    .executeTakeFirst();
  if (updated.numUpdatedRows > 0n) tx.afterCommit(() => deliver(execution, key, outcome));
}

/** Records a call and acts on it. */
export async function takeCall(tx: Tx, execution: string, key: string, call: Call, sinks: CallSinks): Promise<void> {
  const known = await tx.db
    .selectFrom('calls')
    .select('outcome')
    .where('execution', '=', execution)
    .where('key', '=', key)
    .executeTakeFirst();
  if (known) {
    if (known.outcome !== null) {
      const outcome = fromJson(outcomeSchema, known.outcome, `Outcome of ${key}`);
      tx.afterCommit(() => sinks.deliver(execution, key, outcome));
    }
    return;
  }
  await recordCall(tx, execution, key, call);
  await act(tx, execution, key, call, sinks);
}

/** Gives a call its place in the order calls were made in. One that is there already stays as it is. */
async function recordCall(tx: Tx, execution: string, key: string, call: Call): Promise<void> {
  const { count } = await tx.db
    .selectFrom('calls')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('execution', '=', execution)
    .executeTakeFirstOrThrow();
  await tx.db
    .insertInto('calls')
    .values({ execution, key, made: Number(count), call: JSON.stringify(call), outcome: null, settled: null })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Records a call that could not be acted on, with its failure. */
export async function failCall(
  tx: Tx,
  execution: string,
  key: string,
  call: Call,
  error: AirlockError,
  deliver: CallSinks['deliver'],
): Promise<void> {
  await recordCall(tx, execution, key, call);
  await settleCall(tx, execution, key, { ok: false, error: error.toBody() }, deliver);
}

async function act(tx: Tx, execution: string, key: string, call: Call, sinks: CallSinks): Promise<void> {
  const done = (value: Json) => settleCall(tx, execution, key, { ok: true, value }, sinks.deliver);
  const say = async (event: NewEvent) => void (await sinks.log.append(tx, execution, [event]));
  switch (call.kind) {
    case 'emit':
      return await say({ kind: call.event, payload: call.shown });
    case 'log':
      return await say({ kind: call.event, payload: { text: call.text } });
    case 'now':
      return done(sinks.clock().getTime());
    case 'lock': {
      const expiresAt = new Date(sinks.clock().getTime() + call.expiresMs);
      const ask = { kind: 'form' as const, name: call.name, elements: call.elements };
      await sinks.inbox.open(tx, { execution, session: null, ask, ref: key, expiresAt });
      return;
    }
    case 'session_open': {
      const id = await sinks.sessions.open(tx, execution, call.session, call.options);
      return done({ id });
    }
    case 'session_send':
      return await sinks.sessions.send(tx, execution, call.session, call.text, key);
    case 'session_end':
      await sinks.sessions.end(tx, execution, call.session);
      return done(null);
  }
}

/** Calls and outcomes of an execution, in the orders replay needs. */
export async function readCalls(tx: Tx, execution: string) {
  const rows = await tx.db.selectFrom('calls').selectAll().where('execution', '=', execution).orderBy('made').execute();
  const calls = rows.map(({ key, call }) => ({ key, call: fromJson(callSchema, call, `Call ${key}`) }));
  const outcomes = rows
    .flatMap(({ key, outcome, settled }) => (outcome === null || settled === null ? [] : [{ key, outcome, settled }]))
    .sort((a, b) => a.settled - b.settled)
    .map(({ key, outcome }) => ({ key, outcome: fromJson(outcomeSchema, outcome, `Outcome of ${key}`) }));
  return { calls, outcomes };
}
