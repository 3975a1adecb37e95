import { AirlockError } from '@airlock/protocol/errors';
import type { Json } from '@airlock/protocol/json';
import type { Call, Outcome, RecordedCall } from '@airlock/protocol/service-channel';
import type { Clock } from './clock.ts';
import { History, type KeyedOutcome } from './history.ts';
import { cancelKey, createKeys, createScopes, ioScope, isSilent, isSilentKey } from './keys.ts';
import { createQuiet } from './quiet.ts';
import { markCallError } from './scope.ts';
import { excerpt, isSameCall } from './signature.ts';

/*
 * The replay engine: gives a function that runs again from the top the outcomes it had before. It owns the order in
 * which the function goes on; the host owns the log; `execution.ts` owns the function.
 *
 * S1. A call gets its key the moment it is made; nothing that happens later changes it.
 * S2. Outcomes are delivered in log order, one per macrotask, live and in replay alike.
 * S3. A recorded call is made again with the same arguments, or the execution fails as `nondeterministic`.
 * S4. A new call is sent only after every recorded call has been made again.
 * S5. A recorded call without an outcome is sent again under its key; a stored `emit` or `log` is not.
 * S6. What the log has and the function, parked or ended, has not asked for fails the execution as `nondeterministic`.
 * S7. The outcome of a key is delivered at most once.
 * S8. After the end nothing is sent and nothing is delivered.
 * S9. A cancel takes effect once everything recorded before it is made and delivered, and its place is recorded; from then
 *     on calls fail, but for output.
 * S10. Parked is who waits for outcomes of the host alone, has all there are, and has done nothing for a while.
 */

export interface Recorded {
  readonly calls: readonly RecordedCall[];
  readonly outcomes: readonly KeyedOutcome[];
}

export interface ReplayPort {
  send(call: RecordedCall): void;
  /** The execution cannot go on. Called at most once. */
  fail(error: AirlockError): void;
  /** A cancel takes effect. Called at most once, before calls fail. */
  cancelled(error: AirlockError): void;
  /** The function waits, having had this many outcomes. */
  parked(delivered: number): void;
}

export interface Made {
  readonly key: string;
  readonly outcome: Promise<Json>;
}

interface Waiting {
  resolve(value: Json): void;
  reject(error: AirlockError): void;
}

/** A function that does nothing for this long while its log has more is taken as parked. */
export const parkMs = 5_000;

export class Replay {
  readonly #port: ReplayPort;
  readonly #clock: Clock;
  readonly #keyOf = createKeys();
  readonly #scopeOf = createScopes();
  readonly #quiet: ReturnType<typeof createQuiet>;
  readonly #history: History;
  readonly #waiting = new Map<string, Waiting>();
  /** Calls that wait until every recorded one was made again. */
  #held: RecordedCall[] = [];
  #ended: AirlockError | null = null;
  #isForgotten = false;
  /** Asked for; in effect once `#cancelled` is set. */
  #cancel: AirlockError | null = null;
  #cancelled: AirlockError | null = null;
  /** Steps and leases that run now. */
  #busy = 0;
  /** Macrotasks asked for that will each deliver an outcome. */
  #turns = 0;
  #progress = 0;
  #stopWatch: (() => void) | null = null;
  #printed = { at: 0, count: 0 };

  constructor(recorded: Recorded, port: ReplayPort, clock: Clock) {
    this.#port = port;
    this.#clock = clock;
    this.#history = new History(recorded.calls);
    this.#quiet = createQuiet(clock, () => this.#park());
    for (const { key, outcome } of recorded.outcomes) if (!isSilentKey(key)) this.deliver(key, outcome);
    this.#watch();
  }

  /** Makes a call. Its outcome is an `AirlockError` when it failed. */
  call(scope: string, call: Call): Made {
    const key = this.#keyOf(scope, call);
    if (this.#isForgotten) return { key, outcome: new Promise(() => {}) };
    const over = this.#ended ?? (isSilent(call) ? null : this.#cancelled);
    if (over !== null) return { key, outcome: this.#rejected(key, over) };
    const before = this.#history.call(key);
    if (before !== undefined && !isSameCall(before, call)) {
      const error = this.#diverge(`${key}: the log has ${excerpt(before)}, the service now asks ${excerpt(call)}`);
      return { key, outcome: this.#rejected(key, error) };
    }
    this.#history.make(key);
    this.#progress += 1;
    const outcome = isSilent(call) ? Promise.resolve(null) : this.#wait(key);
    if (before === undefined) this.#held.push({ key, call });
    else if (!isSilent(call) && !this.#history.isSettled(key)) this.#port.send({ key, call });
    this.#sendHeld();
    this.#pump();
    this.#applyCancelLater();
    this.#quiet.stir();
    return { key, outcome };
  }

  /** The name of the next race held in a scope. */
  raceScope(scope: string): string {
    return this.#scopeOf(scope);
  }

  /** Keys of calls without an outcome, made in one of these scopes or in one within it. */
  openIn(scopes: readonly string[]): string[] {
    const isIn = (key: string) => scopes.some((scope) => key.startsWith(`${scope}/`) || key.startsWith(`${scope}.`));
    return [...this.#waiting.keys()].filter(isIn);
  }

  /** Whether the log has the outcome of a call. */
  isSettled(key: string): boolean {
    return this.#history.isSettled(key);
  }

  /** Lets every open call and every later one fail, once the function is where it was when the cancel came. */
  cancel(error: AirlockError): void {
    this.#cancel ??= error;
    this.#applyCancel();
  }

  /** A step or a lease began (1) or ended (-1). */
  busy(change: 1 | -1): void {
    this.#busy += change;
    this.#quiet.stir();
  }

  /** Drops everything; what waits, and whatever is called from now on, waits for ever. */
  forget(error: AirlockError): void {
    this.#isForgotten = true;
    this.#waiting.clear();
    this.close(error);
  }

  /** Takes an outcome from the log. */
  deliver(key: string, outcome: Outcome): void {
    if (this.#ended !== null) return;
    if (isSilentKey(key)) {
      if (!outcome.ok) this.#failWith(AirlockError.fromBody(outcome.error));
      return;
    }
    if (this.#cancelled !== null || !this.#history.settle(key, outcome)) return;
    this.#pump();
    this.#watch();
  }

  /** Stores what the process printed, unless the log has it from before. A step, which runs once, gives a `place`. */
  print(event: 'debug' | 'stdout' | 'stderr', text: string, place?: string): void {
    if (this.#ended !== null) return;
    if (place !== undefined) {
      this.#port.send({ key: `${ioScope}/log/${event}#${place}`, call: { kind: 'log', event, text } });
      return;
    }
    const at = this.#history.delivered;
    if (this.#printed.at !== at) this.#printed = { at, count: 0 };
    const key = `${ioScope}/log/${event}#${at}.${this.#printed.count++}`;
    const isOld = this.#history.has(key) || !this.#history.isMadeAgain || this.#history.undelivered > 0;
    if (!isOld) this.#port.send({ key, call: { kind: 'log', event, text } });
  }

  /** What the log has and the function has not asked for; null when nothing. */
  leftover(): string | null {
    return this.#history.leftover();
  }

  /** Ends it; calls that wait fail with `error`. */
  close(error: AirlockError): void {
    if (this.#ended !== null) return;
    this.#ended = error;
    this.#quiet.stop();
    this.#stopWatch?.();
    this.#stopWatch = null;
    for (const [key, waiting] of this.#waiting) {
      markCallError(error, key);
      waiting.reject(error);
    }
    this.#waiting.clear();
    this.#held = [];
  }

  #wait(key: string): Promise<Json> {
    return new Promise((resolve, reject) => this.#waiting.set(key, { resolve, reject }));
  }

  #rejected(key: string, error: AirlockError): Promise<never> {
    markCallError(error, key);
    return Promise.reject(error);
  }

  #sendHeld(): void {
    if (!this.#history.isMadeAgain) return;
    const held = this.#held;
    this.#held = [];
    for (const call of held) this.#port.send(call);
  }

  #pump(): void {
    for (; this.#turns < this.#history.undelivered; this.#turns += 1) {
      this.#clock.macrotask(() => {
        this.#turns -= 1;
        this.#deliverNext();
      });
    }
  }

  #deliverNext(): void {
    const head = this.#history.next;
    if (this.#ended !== null || head === undefined) return;
    const waiting = this.#waiting.get(head.key);
    if (waiting === undefined) return;
    this.#waiting.delete(head.key);
    this.#history.pass();
    this.#progress += 1;
    if (head.outcome.ok) waiting.resolve(head.outcome.value);
    else {
      const error = AirlockError.fromBody(head.outcome.error);
      markCallError(error, head.key);
      waiting.reject(error);
    }
    this.#applyCancelLater();
    this.#quiet.stir();
  }

  /** The function first makes the calls it makes before it waits again. */
  #applyCancelLater(): void {
    if (this.#cancel !== null && this.#cancelled === null) this.#clock.macrotask(() => this.#applyCancel());
  }

  /** Brings a cancel into effect when it is time (S9). */
  #applyCancel(): void {
    const error = this.#cancel;
    if (error === null || this.#cancelled !== null || this.#ended !== null || this.#history.leftover() !== null) return;
    if (this.#history.undelivered > 0) return;
    this.#cancelled = error;
    if (!this.#history.has(cancelKey)) {
      this.#port.send({ key: cancelKey, call: { kind: 'log', event: 'debug', text: error.message } });
    }
    this.#port.cancelled(error);
    this.#quiet.stop();
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const [key, { reject }] of waiting) {
      markCallError(error, key);
      reject(error);
    }
  }

  /** Tells that it is parked, if it is (S10). */
  #park(): void {
    if (this.#ended !== null || this.#cancelled !== null || this.#busy > 0 || this.#waiting.size === 0) return;
    if (!this.#history.isMadeAgain || this.#held.length > 0 || this.#history.undelivered > 0) return;
    this.#port.parked(this.#history.delivered);
  }

  /** Watches a function that has more in its log, until it has asked for all of it. */
  #watch(): void {
    if (this.#stopWatch !== null || this.#ended !== null || this.#history.leftover() === null) return;
    const seen = this.#progress;
    this.#stopWatch = this.#clock.after(parkMs, () => {
      this.#stopWatch = null;
      const left = this.#history.leftover();
      if (left === null || this.#ended !== null) return;
      if (this.#turns > 0 || this.#progress !== seen) this.#watch();
      else this.#diverge(`The log has ${left}, the service waits for ${this.#asked()} instead`);
    });
  }

  #asked(): string {
    const held = this.#held[0];
    if (held !== undefined) return `${held.key} ${excerpt(held.call)}`;
    return [...this.#waiting.keys()][0] ?? 'something that is no call';
  }

  #diverge(detail: string): AirlockError {
    return this.#failWith(new AirlockError('nondeterministic', detail));
  }

  #failWith(error: AirlockError): AirlockError {
    if (this.#ended !== null) return this.#ended;
    this.close(error);
    this.#port.fail(error);
    return error;
  }
}
