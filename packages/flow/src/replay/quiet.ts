import type { Clock } from './clock.ts';

/** How long nothing must happen, in milliseconds. */
export const quietMs = 100;

/** Tells when nothing has happened for a while, once for each time something had. */
export function createQuiet(clock: Clock, onQuiet: () => void) {
  let stirred = 0;
  let seen = 0;
  let cancel: (() => void) | null = null;
  let isOver = false;

  function watch(): void {
    seen = stirred;
    cancel = clock.after(quietMs, () => {
      cancel = null;
      if (seen !== stirred) watch();
      else onQuiet();
    });
  }

  return {
    stir(): void {
      stirred += 1;
      if (cancel === null && !isOver) watch();
    },
    stop(): void {
      isOver = true;
      cancel?.();
      cancel = null;
    },
  };
}
