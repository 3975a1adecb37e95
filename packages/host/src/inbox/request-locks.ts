/** Runs one piece of work per name at a time, in the order asked for. */
export function createLocks(): <T>(name: string, work: () => Promise<T>) => Promise<T> {
  const locks = new Map<string, Promise<unknown>>();

  return async function underLock<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = locks.get(name) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.then(
      () => undefined,
      () => undefined,
    );
    locks.set(name, settled);
    try {
      return await mine;
    } finally {
      if (locks.get(name) === settled) locks.delete(name);
    }
  };
}
