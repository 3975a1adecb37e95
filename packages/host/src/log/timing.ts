/** How to wait; tests have their own. */
export interface Timing {
  /** Runs `run` once in `ms` milliseconds, unless cancelled by the function returned. */
  after(ms: number, run: () => void): () => void;
}

export const realTiming: Timing = {
  after(ms, run) {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
