interface Due {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly act: () => void;
}

/** Time that stands still until it is moved, and what is to happen in it, by key. */
export class TestTime {
  /** Milliseconds since 1970. */
  now = Date.UTC(2025, 0, 1);
  readonly #due = new Map<string, Due>();

  set(key: string, afterMs: number, act: () => void): void {
    this.#due.set(key, { at: this.now + afterMs, act });
  }

  clear(key: string): void {
    this.#due.delete(key);
  }

  /** Lets happen what is due first until then; false when nothing is. */
  happen(until: number): boolean {
    const [first] = [...this.#due].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at);
    if (first === undefined) return false;
    const [key, { at, act }] = first;
    this.#due.delete(key);
    this.now = Math.max(this.now, at);
    act();
    return true;
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
