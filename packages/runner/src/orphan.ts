/** Knows for how long no host was there. */
export interface OrphanWatch {
  attached(): void;
  detached(): void;
  /** Resolves when no host was there for the whole time. */
  readonly orphaned: Promise<void>;
}

/** Starts without a host. */
export function createOrphanWatch(orphanMs: number): OrphanWatch {
  const { promise: orphaned, resolve } = Promise.withResolvers<void>();
  let timer = setTimeout(resolve, orphanMs);
  return {
    attached: () => clearTimeout(timer),
    detached() {
      clearTimeout(timer);
      timer = setTimeout(resolve, orphanMs);
    },
    orphaned,
  };
}
