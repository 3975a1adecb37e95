import type { Call, Outcome, RecordedCall } from '@airlock/protocol/service-channel';
import { cancelKey } from './keys.ts';
import { excerpt } from './signature.ts';

export interface KeyedOutcome {
  readonly key: string;
  readonly outcome: Outcome;
}

/** What the log of an execution has, and how much of it the function has asked for. */
export class History {
  readonly #calls: ReadonlyMap<string, Call>;
  /** Recorded calls not yet made again, in log order. */
  readonly #unmade: Set<string>;
  /** Those of them that come after the cancel. */
  readonly #afterCancel: ReadonlySet<string>;
  readonly #made = new Set<string>();
  /** In log order. */
  readonly #outcomes: KeyedOutcome[] = [];
  readonly #settled = new Set<string>();
  #delivered = 0;

  constructor(calls: readonly RecordedCall[]) {
    this.#calls = new Map(calls.map(({ key, call }) => [key, call]));
    const mustCome = calls.filter(({ call }) => call.kind !== 'log');
    this.#unmade = new Set(mustCome.map(({ key }) => key));
    const cancelAt = calls.findIndex(({ key }) => key === cancelKey);
    this.#afterCancel = new Set(cancelAt < 0 ? [] : calls.slice(cancelAt).map(({ key }) => key));
  }

  /** The call an earlier run made under this key. */
  call(key: string): Call | undefined {
    return this.#calls.get(key);
  }

  has(key: string): boolean {
    return this.#calls.has(key);
  }

  /** The function makes a call, for the first time or again. */
  make(key: string): void {
    this.#made.add(key);
    this.#unmade.delete(key);
  }

  /** Whether every recorded call was made again. */
  get isMadeAgain(): boolean {
    return this.#unmade.size === 0;
  }

  /** Takes an outcome; false when its call had one. */
  settle(key: string, outcome: Outcome): boolean {
    if (this.#settled.has(key)) return false;
    this.#settled.add(key);
    this.#outcomes.push({ key, outcome });
    return true;
  }

  isSettled(key: string): boolean {
    return this.#settled.has(key);
  }

  /** The outcome to be delivered now. */
  get next(): KeyedOutcome | undefined {
    return this.#outcomes[this.#delivered];
  }

  /** The next outcome was delivered. */
  pass(): void {
    this.#delivered += 1;
  }

  get delivered(): number {
    return this.#delivered;
  }

  get undelivered(): number {
    return this.#outcomes.length - this.#delivered;
  }

  /** What the function has not asked for; null when nothing. */
  leftover(): string | null {
    for (const { key } of this.#outcomes.slice(this.#delivered)) {
      if (!this.#made.has(key)) return `the outcome of ${key}`;
    }
    for (const key of this.#unmade) {
      if (this.#afterCancel.has(key)) continue;
      const call = this.#calls.get(key);
      return call === undefined ? key : `${key} ${excerpt(call)}`;
    }
    return null;
  }
}
