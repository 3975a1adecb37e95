/** Knows which turns are in progress and when something last happened in each. Times in milliseconds. */
export interface StallWatch {
  begin(session: string, stallMs: number): void;
  /** Something happened. */
  touch(session: string): void;
  forget(session: string): void;
  /** Sessions in whose turn nothing has happened for their time. */
  due(): string[];
}

export function createStallWatch(now: () => number): StallWatch {
  const turns = new Map<string, { readonly stallMs: number; last: number }>();
  return {
    begin: (session, stallMs) => {
      turns.set(session, { stallMs, last: now() });
    },
    touch: (session) => {
      const turn = turns.get(session);
      if (turn) turn.last = now();
    },
    forget: (session) => {
      turns.delete(session);
    },
    due: () => [...turns].filter(([, turn]) => now() - turn.last >= turn.stallMs).map(([session]) => session),
  };
}
