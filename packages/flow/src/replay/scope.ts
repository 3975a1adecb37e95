import { AsyncLocalStorage } from 'node:async_hooks';
import type { AirlockError } from '@airlock/protocol/errors';

/** One way of a race, and of the races it is held in. */
export interface Branch {
  readonly outer: Branch | null;
  /** Another was first. */
  lost: AirlockError | null;
}

/** The execution some code runs for. */
export interface Running {
  /** Leases and steps run beside the function and may not make calls. */
  readonly part: 'run' | 'lease' | 'step';
  /** Calls are counted within it. */
  readonly scope: string;
  readonly branch: Branch | null;
  fail(error: AirlockError): void;
  /** Stores output or a note of this execution; a replay does not repeat it. */
  io(event: 'debug' | 'stdout' | 'stderr', text: string): void;
}

export const running = new AsyncLocalStorage<Running>();

/** Why a branch makes no more calls; null while it may. */
export function lossOf(branch: Branch | null): AirlockError | null {
  for (let each = branch; each !== null; each = each.outer) if (each.lost !== null) return each.lost;
  return null;
}

/** The same work as part of the branch that hands it over, wherever it runs. */
export function keepBranch(work: () => unknown): () => unknown {
  const branch = running.getStore()?.branch ?? null;
  return () => {
    const around = running.getStore();
    return around === undefined ? work() : running.run({ ...around, branch }, work);
  };
}

const callErrors = new WeakMap<object, string>();

/** Remembers that an error is the outcome of a call. */
export function markCallError(error: object, key: string): void {
  callErrors.set(error, key);
}

/** Key of the call whose outcome this error is. */
export function callOfError(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null ? callErrors.get(error) : undefined;
}
