import type { NewEvent } from '@airlock/protocol/events';
import type { Retry } from '@airlock/protocol/retry';
import { type Call, callSchema, type Outcome } from '@airlock/protocol/service-channel';
import { fromJson } from '../store/json.ts';
import type { Tx } from '../store/store.ts';
import { type CallSinks, isWanted, settleCall } from './settle.ts';

/*
 * Attempts of steps.
 *
 * A1. An attempt is counted before it begins. One that was begun and has not told how it went was cut by a crash, and
 *     may have taken effect: it is shown as retried, never taken for one that did not run.
 * A2. Only the attempt last begun can settle the step or have it retried.
 */

type Step = Extract<Call, { kind: 'step' }>;
interface OpenStep {
  readonly key: string;
  readonly call: Step;
  readonly attempts: number;
}

/** Pause before the attempt after number `attempt`, in milliseconds. */
export function pauseAfter(retry: Retry, attempt: number): number {
  return Math.min(retry.delayMs * retry.factor ** (attempt - 1), retry.maxDelayMs);
}

function retried(step: OpenStep, delayMs: number, reason: string): NewEvent {
  const { name, retry } = step.call;
  const payload = {
    step: name,
    attempt: step.attempts,
    maxRetries: retry.attempts - 1,
    delayMs,
    status: null,
    reason,
  };
  return { kind: 'retry', payload };
}

/** A1: begins a step again whose attempt was cut. */
export async function repeatCutStep(tx: Tx, execution: string, step: OpenStep, sinks: CallSinks): Promise<void> {
  await sinks.log.append(tx, execution, [retried(step, 0, 'It was cut off: its process ended')]);
  await beginAttempt(tx, execution, step.key, step.attempts + 1, sinks);
}

async function beginAttempt(tx: Tx, execution: string, key: string, attempt: number, sinks: CallSinks): Promise<void> {
  await tx.db
    .updateTable('calls')
    .set({ attempts: attempt, delayed: 0 })
    .where('execution', '=', execution)
    .where('key', '=', key)
    .execute();
  tx.afterCommit(() => sinks.beginStep(execution, key, attempt));
}

async function findStep(tx: Tx, execution: string, key: string, delayed: 0 | 1): Promise<OpenStep | undefined> {
  const row = await tx.db
    .selectFrom('calls')
    .select(['call', 'attempts'])
    .where('execution', '=', execution)
    .where('key', '=', key)
    .where('outcome', 'is', null)
    .where('delayed', '=', delayed)
    .where(isWanted(execution))
    .executeTakeFirst();
  if (!row) return undefined;
  const call = fromJson(callSchema, row.call, `Call ${key} of execution ${execution}`);
  return call.kind === 'step' ? { key, call, attempts: row.attempts } : undefined;
}

/** Takes how an attempt went. */
export async function takeAttempt(
  tx: Tx,
  execution: string,
  { key, attempt, outcome }: { readonly key: string; readonly attempt: number; readonly outcome: Outcome },
  sinks: CallSinks,
): Promise<void> {
  const step = await findStep(tx, execution, key, 0);
  if (step?.attempts !== attempt) return;
  const { retry } = step.call;
  if (outcome.ok || attempt >= retry.attempts) return await settleCall(tx, execution, key, outcome, sinks);
  const delayMs = pauseAfter(retry, attempt);
  await sinks.log.append(tx, execution, [retried(step, delayMs, outcome.error.detail)]);
  await tx.db
    .updateTable('calls')
    .set({ delayed: 1 })
    .where('execution', '=', execution)
    .where('key', '=', key)
    .execute();
  const at = new Date(sinks.clock().getTime() + delayMs);
  await sinks.timers.set(tx, { execution, kind: 'step', ref: key, at });
}

/** The pause before a step's next attempt is over. */
export async function endPause(tx: Tx, execution: string, key: string, sinks: CallSinks): Promise<void> {
  await sinks.timers.clear(tx, { execution, kind: 'step', ref: key });
  const step = await findStep(tx, execution, key, 1);
  if (step) await beginAttempt(tx, execution, key, step.attempts + 1, sinks);
}
