import type { Outcome } from '@airlock/protocol/service-channel';
import type { ExpressionBuilder } from 'kysely';
import type { Inbox } from '../inbox/inbox.ts';
import type { Log } from '../log/log.ts';
import { type Fence, isHeld, whyNotHeld } from '../ownership/ownership.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Schema } from '../store/schema.ts';
import type { Tx } from '../store/store.ts';
import type { Timers } from '../timers/timers.ts';

/** What calls act on. */
export interface CallSinks {
  readonly log: Log;
  readonly inbox: Inbox;
  readonly sessions: Sessions;
  readonly timers: Timers;
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
export function isWanted(execution: string) {
  return ({ exists, selectFrom }: ExpressionBuilder<Schema, 'calls'>) =>
    exists(selectFrom('executions').select('id').where('id', '=', execution).where('stop', 'is', null));
}

/** Records an outcome; the first one stands, and none comes after the wish to end. */
export async function settleCall(
  tx: Tx,
  execution: string,
  key: string,
  outcome: Outcome,
  { fence, deliver }: Settling,
): Promise<void> {
  const settled = await tx.db
    .updateTable('calls')
    .set((eb) => ({
      outcome: JSON.stringify(outcome),
      settled: eb
        .selectFrom('executions')
        .select((sub) => sub('next_outcome', '+', 1).as('number'))
        .where('id', '=', execution),
    }))
    .where('execution', '=', execution)
    .where('key', '=', key)
    .where('outcome', 'is', null)
    .where(isWanted(execution))
    .executeTakeFirst();
  if (settled.numUpdatedRows === 0n) return;
  const counted = await tx.db
    .updateTable('executions')
    .set((eb) => ({ next_outcome: eb('next_outcome', '+', 1) }))
    .where('id', '=', execution)
    .where(isHeld(fence, execution))
    .executeTakeFirst();
  if (counted.numUpdatedRows === 0n) throw await whyNotHeld(tx, execution);
  tx.afterCommit(() => deliver(execution, key, outcome));
}
