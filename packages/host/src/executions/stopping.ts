import { AirlockError, errorBodySchema } from '@airlock/protocol/errors';
import { executionStatusSchema, isFinal } from '@airlock/protocol/executions';
import * as z from 'zod';
import type { Inbox } from '../inbox/inbox.ts';
import type { Log } from '../log/log.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { fromJson } from '../store/json.ts';
import type { Tx } from '../store/store.ts';
import type { Timers } from '../timers/timers.ts';
import { type Ending, endExecution } from './ending.ts';

/*
 * Executions that are asked to end.
 *
 * E1. The wish is on disk before the service hears of it, and the first one stands. From then on nothing new is opened
 *     for the execution, and no outcome comes: requests are withdrawn, timers cleared, sessions ended.
 * E2. The service has `cancelMs` to end by itself; however it ends, the execution ends as was asked for.
 * E3. After that it is ended without it.
 */

const stopSchema = z.discriminatedUnion('as', [
  z.object({ as: z.literal('cancelled'), reason: z.string() }),
  z.object({ as: z.literal('error'), error: errorBodySchema }),
]);
export type Stop = z.infer<typeof stopSchema>;

interface StoppingSinks {
  readonly log: Log;
  readonly inbox: Inbox;
  readonly sessions: Sessions;
  readonly timers: Timers;
  readonly clock: () => Date;
}

export function readStop(row: { readonly id: string; readonly stop: string | null }): Stop | undefined {
  return row.stop === null ? undefined : fromJson(stopSchema, row.stop, `Stop of execution ${row.id}`);
}

/** Why an execution is being stopped, in words. */
export function stopReason(stop: Stop): string {
  return stop.as === 'cancelled' ? stop.reason : stop.error.detail;
}

/** What the code of the service is told. */
export function stopError(stop: Stop): AirlockError {
  return stop.as === 'cancelled' ? new AirlockError('execution_ended', stop.reason) : AirlockError.fromBody(stop.error);
}

/** How the execution ends because of it. */
export function stopEnding(stop: Stop): Ending {
  return stop.as === 'cancelled' ? ['cancelled', stop.reason] : ['error', AirlockError.fromBody(stop.error)];
}

/** E1; one that has not begun ends at once. Resolves with what the service is to be told, if anything. */
export async function requestStop(
  tx: Tx,
  execution: string,
  stop: Stop,
  cancelMs: number,
  sinks: StoppingSinks,
): Promise<AirlockError | undefined> {
  const row = await tx.db
    .selectFrom('executions')
    .select(['status', 'stop'])
    .where('id', '=', execution)
    .executeTakeFirst();
  if (!row || row.stop !== null || isFinal(executionStatusSchema.parse(row.status))) return undefined;
  if (row.status === 'starting') {
    await endExecution(tx, execution, stopEnding(stop), sinks);
    return undefined;
  }
  await tx.db
    .updateTable('executions')
    .set({ stop: JSON.stringify(stop) })
    .where('id', '=', execution)
    .execute();
  await sinks.inbox.withdraw(tx, { execution });
  await sinks.sessions.end(tx, execution);
  await sinks.timers.clear(tx, { execution });
  const at = new Date(sinks.clock().getTime() + cancelMs);
  await sinks.timers.set(tx, { execution, kind: 'stop', ref: '', at });
  await sinks.log.append(tx, execution, [{ kind: 'status', payload: { status: 'running', reason: stopReason(stop) } }]);
  return stopError(stop);
}
