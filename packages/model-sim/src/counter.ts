/** Counts by key that forget the keys used longest ago. */
export interface Counter {
  get(key: string): number;
  /** Adds one and returns the new count. */
  add(key: string): number;
  clear(): void;
}

/** A counter that remembers at most `limit` keys. */
export function createCounter(limit: number): Counter {
  const counts = new Map<string, number>();
  const get = (key: string) => counts.get(key) ?? 0;
  return {
    get,
    add(key) {
      const next = get(key) + 1;
      counts.delete(key);
      counts.set(key, next);
      const oldest = counts.keys().next();
      if (counts.size > limit && oldest.done !== true) counts.delete(oldest.value);
      return next;
    },
    clear: () => counts.clear(),
  };
}
