import type { Time } from './time.ts';

/*
 * Whether processes still get to their messages.
 *
 * I1. A process is lost when it answered nothing for three pings in a row. A ping counts only if the host had the time
 *     after it: when the host itself was held up, all begin anew.
 */

const everyMs = 5_000;
const most = 3;
/** A round later than this shows that the host was held up: answers may lie unread. */
const lateMs = everyMs / 2;

/** Silence, in seconds, after which a process is lost. */
export const silenceSeconds = (everyMs * most) / 1000;

interface Pinged {
  ping(n: number): void;
  onLost(): void;
}

interface Beat {
  answered(): void;
  stop(): void;
}

export interface Pulse {
  /** Pings it from now on, until it is lost or stopped. */
  watch(pinged: Pinged): Beat;
}

export function createPulse(time: Time): Pulse {
  const watched = new Map<Pinged, { unanswered: number }>();
  let n = 0;
  let cancel: (() => void) | undefined;

  function arm(): void {
    const due = time.now() + everyMs;
    cancel = time.after(everyMs, () => {
      cancel = undefined;
      beat(time.now() - due > lateMs);
      if (watched.size > 0) arm();
    });
  }

  function beat(wasHeldUp: boolean): void {
    n += 1;
    for (const [pinged, state] of watched) {
      if (wasHeldUp) state.unanswered = 0;
      if (state.unanswered >= most) {
        watched.delete(pinged);
        pinged.onLost();
        continue;
      }
      state.unanswered += 1;
      pinged.ping(n);
    }
  }

  return {
    watch(pinged) {
      const state = { unanswered: 0 };
      watched.set(pinged, state);
      if (!cancel) arm();
      return {
        answered: () => {
          state.unanswered = 0;
        },
        stop: () => {
          watched.delete(pinged);
          if (watched.size > 0) return;
          cancel?.();
          cancel = undefined;
        },
      };
    },
  };
}
