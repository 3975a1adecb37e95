/** Points at which responses wait until somebody lets them through. */
export interface Gates {
  /** Waits at `name`. Rejects with the signal's reason when it aborts first. */
  wait(name: string, signal: AbortSignal): Promise<void>;
  /** Lets through all who wait at `name` and says how many; with `stay` also everybody who comes later. */
  release(name: string, options?: { readonly stay?: boolean }): number;
  /** How many wait, by gate. */
  waiting(): Readonly<Record<string, number>>;
  /** Resolves as soon as somebody waits at `name`, at once if somebody does. Rejects when the signal aborts. */
  arrival(name: string, signal?: AbortSignal): Promise<void>;
  /** Lets everybody through and closes the gates that stayed open. */
  reset(): void;
}

export function createGates(): Gates {
  const waiters = new Map<string, Set<() => void>>();
  const watchers = new Map<string, Set<() => void>>();
  const open = new Set<string>();
  const letThrough = (name: string) => takeAll(waiters, name);
  return {
    async wait(name, signal) {
      signal.throwIfAborted();
      if (open.has(name)) return;
      const passed = park(waiters, name, signal);
      takeAll(watchers, name);
      await passed;
    },
    release(name, options = {}) {
      if (options.stay === true) open.add(name);
      return letThrough(name);
    },
    waiting: () => Object.fromEntries([...waiters].map(([name, set]) => [name, set.size])),
    async arrival(name, signal) {
      signal?.throwIfAborted();
      if (!waiters.has(name)) await park(watchers, name, signal);
    },
    reset() {
      open.clear();
      for (const name of [...waiters.keys()]) letThrough(name);
    },
  };
}

function park(places: Map<string, Set<() => void>>, name: string, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    };
    const abort = () => {
      const set = places.get(name);
      set?.delete(leave);
      if (set?.size === 0) places.delete(name);
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
    places.set(name, (places.get(name) ?? new Set()).add(leave));
  });
}

function takeAll(places: Map<string, Set<() => void>>, name: string): number {
  const set = places.get(name) ?? new Set();
  places.delete(name);
  for (const leave of set) leave();
  return set.size;
}
