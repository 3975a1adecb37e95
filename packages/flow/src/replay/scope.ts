import { AsyncLocalStorage } from 'node:async_hooks';
import type { AirlockError } from '@airlock/protocol/errors';

/** The execution some code runs for. */
export interface Running {
  /** A lease runs beside the function and may not make calls. */
  readonly part: 'run' | 'lease';
  fail(error: AirlockError): void;
  /** Stores output or a note of this execution; a replay does not repeat it. */
  io(event: 'debug' | 'stdout' | 'stderr', text: string): void;
}

export const running = new AsyncLocalStorage<Running>();

const callErrors = new WeakMap<object, string>();

/** Remembers that an error is the outcome of a call. */
export function markCallError(error: object, key: string): void {
  callErrors.set(error, key);
}

/** Key of the call whose outcome this error is. */
export function callOfError(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null ? callErrors.get(error) : undefined;
}
