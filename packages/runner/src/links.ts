import type { WireLink } from './wire-link.ts';

/** The wire in use, for those who need one. */
export interface Links {
  /** The open wire; waits for the next when there is none. Rejects when `signal` aborts. */
  current(signal: AbortSignal): Promise<WireLink>;
  isCurrent(link: WireLink): boolean;
  set(link: WireLink): void;
  /** Does nothing unless `link` is the one in use. */
  unset(link: WireLink): void;
  readonly isAttached: boolean;
}

export function createLinks(): Links {
  let link: WireLink | undefined;
  let next = Promise.withResolvers<WireLink>();

  return {
    async current(signal) {
      signal.throwIfAborted();
      if (link) return link;
      const { promise: aborted, reject } = Promise.withResolvers<never>();
      const abort = () => reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      try {
        return await Promise.race([next.promise, aborted]);
      } finally {
        signal.removeEventListener('abort', abort);
      }
    },
    isCurrent: (other) => link === other,
    set(opened) {
      link = opened;
      next.resolve(opened);
    },
    unset(closed) {
      if (link !== closed) return;
      link = undefined;
      next = Promise.withResolvers();
    },
    get isAttached() {
      return link !== undefined;
    },
  };
}
