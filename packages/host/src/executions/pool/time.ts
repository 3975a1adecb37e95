/** Monotonic time, and things to do later. */
export interface Time {
  /** Milliseconds since some moment. */
  now(): number;
  /** Does something once; the function returned takes it back. Keeps no process alive. */
  after(ms: number, act: () => void): () => void;
}

export const monotonicTime: Time = {
  now: () => performance.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, ms).unref();
    return () => clearTimeout(timer);
  },
};
