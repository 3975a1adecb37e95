import type { Json, JsonObject } from '@airlock/protocol/json';
import type { Call } from '@airlock/protocol/service-channel';
import type { Made } from './replay/replay.ts';

/** What a context needs of the execution it belongs to. */
export interface ContextPort {
  readonly inputs: JsonObject;
  readonly signal: AbortSignal;
  readonly answerMs: number;
  /** Folder of the execution's files. */
  readonly files: string | undefined;
  call(scope: string, call: Call): Made;
  /** Says how the answer of an open lock becomes its value. */
  onLease(key: string, lease: (inputs: JsonObject) => Promise<Json>): void;
  /** Says what a step does. */
  onStep(key: string, work: () => unknown): void;
  /** Work began (1) or ended (-1) that is not seen by its calls: the execution does not only wait. */
  busy(change: 1 | -1): void;
  /** The name of the next race held in a scope. */
  raceScope(scope: string): string;
  /** Keys of calls without an outcome, made in one of these scopes or in one within it. */
  openIn(scopes: readonly string[]): string[];
}
