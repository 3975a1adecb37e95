import { AirlockError } from '@airlock/protocol/errors';
import type { NewEvent } from '@airlock/protocol/events';
import type { Json } from '@airlock/protocol/json';
import { type Call, callSchema, outcomeSchema } from '@airlock/protocol/service-channel';
import { isBranchCall } from '../sessions/branches.ts';
import { fromJson } from '../store/json.ts';
import { statement } from '../store/statement.ts';
import type { Tx } from '../store/store.ts';
import { loseRace } from './race.ts';
import { type CallSinks, type Settling, settleCall } from './settle.ts';

/*
 * Calls of services, as the log keeps them.
 *
 * C1. A call is recorded under its key in the write that acts on it; a second call under the same key acts no more.
 * C2. A call has one outcome, numbered in the order in which outcomes were committed.
 * C3. The function goes on with an outcome only after its commit.
 * C4. What the losers of a race had opened is taken back in the write that settles them.
 */

interface CallKey {
  readonly execution: string;
  readonly key: string;
}

const findOutcome = statement<CallKey, { stop: string | null; known: string | null; outcome: string | null }>(
  (db, param) =>
    db
      .selectFrom('executions')
      .leftJoin('calls', (join) =>
        join.onRef('calls.execution', '=', 'executions.id').on('calls.key', '=', param('key')),
      )
      .select(['stop', 'calls.key as known', 'outcome'])
      .where('executions.id', '=', param('execution')),
);

const insertCall = statement<CallKey & { call: string }, never>(
  (db, param) =>
    db
      .insertInto('calls')
      .values((eb) => ({
        execution: param('execution'),
        key: param('key'),
        made: eb
          .selectFrom('calls')
          .select(({ fn, val, eb: of }) => of(fn.coalesce(fn.max('made'), val(-1)), '+', 1).as('made'))
          .where('execution', '=', param('execution')),
        call: param('call'),
      }))
      .onConflict((conflict) => conflict.doNothing()) as never,
);

/** Records a call and acts on it. */
export async function takeCall(tx: Tx, execution: string, key: string, call: Call, sinks: CallSinks): Promise<void> {
  const [found] = await tx.run(findOutcome, { execution, key });
  if (!found) throw new AirlockError('not_found', `There is no execution ${execution}`);
  // E1: what is asked for after the wish to end is not begun.
  if (found.stop !== null && !isOutput(call)) return;
  if (found.known !== null) {
    if (found.outcome !== null) {
      const outcome = fromJson(outcomeSchema, found.outcome, `Outcome of ${key} in execution ${execution}`);
      tx.afterCommit(() => sinks.deliver(execution, key, outcome));
    } else if (isBranchCall(call)) sinks.sessions.branch(tx, execution, key, call);
    return;
  }
  await recordCall(tx, execution, key, call);
  await act(tx, execution, key, call, sinks);
}

function isOutput({ kind }: Call): boolean {
  return kind === 'log' || kind === 'emit';
}

/** Gives a call its place in the order calls were made in. One that is there already stays as it is. */
async function recordCall(tx: Tx, execution: string, key: string, call: Call): Promise<void> {
  await tx.run(insertCall, { execution, key, call: JSON.stringify(call) });
}

/** Records a call that could not be acted on, with its failure. */
export async function failCall(
  tx: Tx,
  execution: string,
  key: string,
  call: Call,
  error: AirlockError,
  settling: Settling,
): Promise<void> {
  await recordCall(tx, execution, key, call);
  await settleCall(tx, execution, key, { ok: false, error: error.toBody() }, settling);
}

async function act(tx: Tx, execution: string, key: string, call: Call, sinks: CallSinks): Promise<void> {
  const done = (value: Json) => settleCall(tx, execution, key, { ok: true, value }, sinks);
  const say = async (event: NewEvent) => void (await sinks.log.append(tx, execution, [event]));
  const after = (ms: number) => new Date(sinks.clock().getTime() + ms);
  switch (call.kind) {
    case 'emit':
      return await say({ kind: call.event, payload: call.shown });
    case 'log':
      return await say({ kind: call.event, payload: { text: call.text } });
    case 'now':
      return await done(sinks.clock().getTime());
    case 'random':
      return await done(sinks.random());
    case 'sleep':
      return await sinks.timers.set(tx, { execution, kind: 'sleep', ref: key, at: after(call.ms) });
    case 'step':
      await tx.db
        .updateTable('calls')
        .set({ attempts: 1 })
        .where('execution', '=', execution)
        .where('key', '=', key)
        .execute();
      return tx.afterCommit(() => sinks.beginStep(execution, key, 1));
    case 'race':
      for (const loser of call.losers) await loseRace(tx, execution, loser, sinks);
      return await done(null);
    case 'lock': {
      const { name, elements, assign, otherwise, remindMs, escalate } = call;
      const ask = { kind: 'form' as const, name, elements };
      const expiresAt = after(call.expiresMs);
      await sinks.inbox.open(tx, {
        execution,
        session: null,
        ask,
        ref: key,
        expiresAt,
        assign,
        otherwise,
        remindMs,
        escalate,
      });
      return;
    }
    case 'file': {
      const { path, size, sha256 } = call;
      await sinks.files.record(tx, execution, 'out', [{ path, size, sha256 }], null);
      return await done(null);
    }
    case 'session_open': {
      const id = await sinks.sessions.open(tx, execution, call.session, call.options);
      return await done({ id });
    }
    case 'session_send':
      return await sinks.sessions.send(tx, execution, call.session, call.text, key);
    case 'tool_next': {
      const used = await sinks.sessions.toolUse(tx, execution, call.session);
      return used === undefined ? undefined : await done(used);
    }
    case 'tool_done':
      await sinks.sessions.toolDone(tx, execution, call);
      return await done(null);
    case 'branch_prepare':
    case 'branch_push':
      return sinks.sessions.branch(tx, execution, key, call);
    case 'session_end':
      await sinks.sessions.end(tx, execution, call.session);
      return await done(null);
  }
}

/** Calls and outcomes of an execution, in the orders replay needs. A row that cannot be read is named in the error. */
export async function readCalls({ db }: Pick<Tx, 'db'>, execution: string) {
  const rows = await db.selectFrom('calls').selectAll().where('execution', '=', execution).orderBy('made').execute();
  const where = (what: string, key: string) => `${what} ${key} of execution ${execution}`;
  const calls = rows.map(({ key, call }) => ({ key, call: fromJson(callSchema, call, where('Call', key)) }));
  const outcomes = rows
    .flatMap(({ key, outcome, settled }) => (outcome === null || settled === null ? [] : [{ key, outcome, settled }]))
    .sort((a, b) => a.settled - b.settled)
    .map(({ key, outcome }) => ({ key, outcome: fromJson(outcomeSchema, outcome, where('Outcome', key)) }));
  const openSteps = rows.flatMap(({ key, outcome, attempts, delayed }, at) => {
    const call = calls[at]?.call;
    return outcome === null && call?.kind === 'step' ? [{ key, call, attempts, isDelayed: delayed === 1 }] : [];
  });
  return { calls, outcomes, openSteps };
}
