import type { Call } from '@airlock/protocol/service-channel';

/** An open step of a service under test. */
export interface TestStep {
  readonly call: Extract<Call, { kind: 'step' }>;
  attempt: number;
  /** It waits for its next attempt. */
  isDelayed: boolean;
}

interface Due {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly act: () => void;
}

/** What is to happen when time is moved, by key. */
export class TestTimers {
  readonly #due = new Map<string, Due>();

  set(key: string, at: number, act: () => void): void {
    this.#due.set(key, { at, act });
  }

  clear(key: string): void {
    this.#due.delete(key);
  }

  /** Takes the first that is due until then. */
  next(until: number): Due | undefined {
    const [first] = [...this.#due].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at);
    if (first === undefined) return undefined;
    this.#due.delete(first[0]);
    return first[1];
  }
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
