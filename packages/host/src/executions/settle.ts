import type { Outcome } from '@airlock/protocol/service-channel';
import type { ExpressionBuilder, RawBuilder } from 'kysely';
import type { ExecutionFiles } from '../files/execution-files.ts';
import type { Inbox } from '../inbox/inbox.ts';
import type { Log } from '../log/log.ts';
import { type Fence, type Holder, holderOf, isHeldBy, whyNotHeld } from '../ownership/ownership.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Schema } from '../store/schema.ts';
import { statement } from '../store/statement.ts';
import type { Tx } from '../store/store.ts';
import type { Timers } from '../timers/timers.ts';

/** What calls act on. */
export interface CallSinks {
  readonly log: Log;
  readonly inbox: Inbox;
  readonly sessions: Sessions;
  readonly timers: Timers;
  readonly files: Pick<ExecutionFiles, 'record'>;
  readonly fence: Fence;
  readonly clock: () => Date;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Tells the service process of an outcome; called after the commit. */
  readonly deliver: (execution: string, key: string, outcome: Outcome) => void;
  /** Begins an attempt of a step; called after the commit. */
  readonly beginStep: (execution: string, key: string, attempt: number) => void;
}

export type Settling = Pick<CallSinks, 'fence' | 'deliver'>;

/** E1: whether nobody has asked for the end of the execution. */
export function isWanted(execution: string | RawBuilder<string>) {
  return ({ exists, selectFrom }: ExpressionBuilder<Schema, 'calls'>) =>
    exists(selectFrom('executions').select('id').where('id', '=', execution).where('stop', 'is', null));
}

const settleOpen = statement<{ execution: string; key: string; outcome: string }, { key: string }>((db, param) =>
  db
    .updateTable('calls')
    .set((eb) => ({
      outcome: param('outcome'),
      settled: eb
        .selectFrom('executions')
        .select((sub) => sub('next_outcome', '+', 1).as('number'))
        .where('id', '=', param('execution')),
    }))
    .where('execution', '=', param('execution'))
    .where('key', '=', param('key'))
    .where('outcome', 'is', null)
    .where(isWanted(param('execution')))
    .returning('key'),
);

const countOutcome = statement<{ execution: string } & Holder, { id: string }>((db, param) =>
  db
    .updateTable('executions')
    .set((eb) => ({ next_outcome: eb('next_outcome', '+', 1) }))
    .where('id', '=', param('execution'))
    .where(isHeldBy(param))
    .returning('id'),
);

/** Records an outcome; the first one stands, and none comes after the wish to end. */
export async function settleCall(
  tx: Tx,
  execution: string,
  key: string,
  outcome: Outcome,
  { fence, deliver }: Settling,
): Promise<void> {
  const [settled] = await tx.run(settleOpen, { execution, key, outcome: JSON.stringify(outcome) });
  if (!settled) return;
  const [counted] = await tx.run(countOutcome, { execution, ...holderOf(fence, execution) });
  if (!counted) throw await whyNotHeld(tx, execution);
  tx.afterCommit(() => deliver(execution, key, outcome));
}
