import type { Time } from './time.ts';

const firstPauseMs = 200;
const longestPauseMs = 30_000;
/** After this long without a crash, the next one counts as the first. */
const healthyMs = 60_000;

/** When a process may be started again after a crash. */
export interface BackOff {
  readonly isResting: boolean;
  /** A process has crashed. One that crashes during a pause does not lengthen it. */
  crashed(): void;
  stop(): void;
}

/** `onOver` is called at the end of each pause. */
export function createBackOff(time: Time, onOver: () => void): BackOff {
  let crashes = 0;
  let overAt = Number.NEGATIVE_INFINITY;
  let cancel: (() => void) | undefined;

  return {
    get isResting() {
      return cancel !== undefined;
    },

    crashed() {
      if (cancel) return;
      crashes = time.now() - overAt >= healthyMs ? 1 : crashes + 1;
      cancel = time.after(Math.min(firstPauseMs * 2 ** (crashes - 1), longestPauseMs), () => {
        cancel = undefined;
        overAt = time.now();
        onOver();
      });
    },

    stop() {
      cancel?.();
      cancel = undefined;
    },
  };
}
