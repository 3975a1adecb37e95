/** Runs `work` at most once in `ms` milliseconds and never twice at a time, however often the result is called. */
export function every(ms: number, work: () => Promise<void>): () => Promise<void> {
  let next = 0;
  let isWorking = false;
  return async () => {
    if (isWorking || performance.now() < next) return;
    isWorking = true;
    try {
      await work();
    } finally {
      isWorking = false;
      next = performance.now() + ms;
    }
  };
}
