import { AirlockError, type ErrorCode } from '@airlock/protocol/errors';
import type { Shown } from '@airlock/protocol/events';
import { type Id, idSchema } from '@airlock/protocol/ids';
import type { JsonObject } from '@airlock/protocol/json';
import type { Call, Outcome, Turn } from '@airlock/protocol/service-channel';
import type { Recorded } from '../replay/replay.ts';

/** What a service meets in a test. */
export interface Script {
  readonly inputs?: JsonObject;
  /** What is in the files of the inputs, by their `path`. */
  readonly files?: Readonly<Record<string, string>>;
  /** Claude's part: what a turn says, or the error it fails with. `turn` counts from 0 in each session. */
  readonly session?: (text: string, turn: number, session: string) => string | Partial<Turn> | AirlockError;
  /** Answers by lock name, each given once; `expire` lets the time run out. A lock without one waits for the test. */
  readonly answers?: Readonly<Record<string, readonly (JsonObject | 'expire')[]>>;
  /** Moments (see `ServiceTest.moments`) at which the service process is killed. */
  readonly crashAt?: readonly number[];
}

export type LogEntry =
  | { readonly type: 'call'; readonly key: string; readonly call: Call }
  | { readonly type: 'outcome'; readonly key: string; readonly outcome: Outcome };

/** All that a run of a service is given. */
export interface Recording extends Recorded {
  readonly inputs: JsonObject;
}

export type End =
  | { readonly status: 'finished'; readonly final: Shown }
  | { readonly status: 'error'; readonly error: AirlockError }
  | { readonly status: 'cancelled' };

/** An open lock. */
export interface Asked {
  readonly key: string;
  readonly call: Extract<Call, { kind: 'lock' }>;
}

export const testExecution: Id = idSchema.parse('01900000-0000-7000-8000-000000000001');
export const testSession: Id = idSchema.parse('01900000-0000-7000-8000-000000000002');

export function failure(error: AirlockError): Outcome {
  return { ok: false, error: error.toBody() };
}

/** A failure for a script's `session` to return. */
export function turnFailure(code: ErrorCode, detail = 'Failed by the test'): AirlockError {
  return new AirlockError(code, detail);
}
