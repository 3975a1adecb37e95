/** The event loop as the engine sees it. */
export interface Clock {
  /** Runs after every microtask of now, in the order asked for. */
  macrotask(run: () => void): void;
  /** Runs once after `ms`; returns a function that takes it back. */
  after(ms: number, run: () => void): () => void;
}

export const realClock: Clock = {
  macrotask: (run) => {
    setImmediate(run);
  },
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
