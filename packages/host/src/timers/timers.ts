import type { Selectable } from 'kysely';
import type { TimersTable } from '../store/schema.ts';
import type { Store, Tx } from '../store/store.ts';

/*
 * Times at which something is to be done for an execution: rows with a wall-clock time, and one loop.
 *
 * D1. A timer is set and cleared in the write that needs it or no longer does; it outlives every process.
 * D2. It fires at its time or later, on the host that owns its execution, again and again until the write it led to has
 *     cleared it: what it does is done at least once, and its handler makes that once.
 * D3. One that cannot be served holds up no other.
 */

export type Timer = Selectable<TimersTable>;
export type TimerKind = Timer['kind'];

/** Whether it is about a request. */
export function isOfInbox({ kind }: Pick<Timer, 'kind'>): boolean {
  return kind === 'expiry' || kind === 'remind' || kind === 'escalate';
}

interface NewTimer {
  readonly execution: string;
  readonly kind: TimerKind;
  /** What it is about: the key of a call, or the id of a request. */
  readonly ref: string;
  readonly at: Date;
}

export interface Timers {
  /** Sets a timer, or moves it. */
  set(tx: Tx, timer: NewTimer): Promise<void>;
  clear(tx: Tx, which: { execution: string; kind?: TimerKind; ref?: string }): Promise<void>;
  /** Serves what is due now; resolves when every handler has ended. */
  tick(): Promise<void>;
  start(): void;
  /** Begins nothing more; resolves when every handler has ended. */
  stop(): Promise<void>;
}

interface TimersOptions {
  readonly store: Store;
  readonly clock: () => Date;
  /** Only timers of executions with this owner fire; all, if left out. */
  readonly host?: string;
  /** Does what is due, and clears the timer. Looked up when needed, so that it may be made later. */
  readonly handler: (timer: Timer) => Promise<void>;
  readonly logger: { warn(fields: object, text: string): void };
}

/** Longest pause of the loop, in milliseconds; a clock that jumps is noticed within it. */
const longestPauseMs = 1_000;
const shortestPauseMs = 5;
const batch = 200;
/** How long a timer is left alone that was served and is still there, and one whose handler failed. */
const afterServingMs = 1_000;
const afterFailureMs = 5_000;

export function createTimers({ store, clock, host, handler, logger }: TimersOptions): Timers {
  let running = false;
  let wake: NodeJS.Timeout | undefined;
  let wakesAt = Number.POSITIVE_INFINITY;
  let serving: Promise<void> = Promise.resolve();
  /** Timers served of late, and until when they are left alone (monotonic milliseconds). */
  const resting = new Map<string, number>();

  function schedule(pauseMs: number): void {
    const pause = Math.min(Math.max(pauseMs, shortestPauseMs), longestPauseMs);
    const at = performance.now() + pause;
    if (!running || at >= wakesAt) return;
    clearTimeout(wake);
    wakesAt = at;
    wake = setTimeout(() => {
      wakesAt = Number.POSITIVE_INFINITY;
      void tick().finally(scheduleNext);
    }, pause);
  }

  function scheduleNext(): void {
    void nextPause().then(schedule, () => schedule(longestPauseMs));
  }

  async function nextPause(): Promise<number> {
    const candidates = await rows(1 + resting.size);
    const next = candidates.find((timer) => !resting.has(nameOf(timer)));
    return next ? new Date(next.at).getTime() - clock().getTime() : longestPauseMs;
  }

  async function rows(limit: number, until?: string): Promise<Timer[]> {
    let query = store.db.selectFrom('timers').selectAll('timers').orderBy('at').limit(limit);
    if (until !== undefined) query = query.where('at', '<=', until);
    if (host !== undefined) {
      query = query.innerJoin('executions', 'executions.id', 'timers.execution').where('executions.owner', '=', host);
    }
    return await query.execute();
  }

  async function serve(timer: Timer): Promise<void> {
    const name = nameOf(timer);
    resting.set(name, performance.now() + afterServingMs);
    try {
      await handler(timer);
    } catch (error) {
      resting.set(name, performance.now() + afterFailureMs);
      logger.warn({ timer, error }, 'A timer could not be served; it is tried again');
    }
  }

  async function serveDue(): Promise<void> {
    for (const [name, until] of resting) if (until <= performance.now()) resting.delete(name);
    const due = await rows(batch + resting.size, clock().toISOString());
    await Promise.all(due.filter((timer) => !resting.has(nameOf(timer))).map(serve));
  }

  function tick(): Promise<void> {
    serving = serving.then(serveDue).catch((error: unknown) => {
      logger.warn({ error }, 'Timers could not be read; they are tried again');
    });
    return serving;
  }

  return {
    async set(tx, { execution, kind, ref, at }) {
      await tx.db
        .insertInto('timers')
        .values({ execution, kind, ref, at: at.toISOString() })
        .onConflict((conflict) => conflict.columns(['execution', 'kind', 'ref']).doUpdateSet({ at: at.toISOString() }))
        .execute();
      tx.afterCommit(() => {
        resting.delete(nameOf({ execution, kind, ref }));
        schedule(at.getTime() - clock().getTime());
      });
    },

    async clear(tx, { execution, kind, ref }) {
      let query = tx.db.deleteFrom('timers').where('execution', '=', execution);
      if (kind !== undefined) query = query.where('kind', '=', kind);
      if (ref !== undefined) query = query.where('ref', '=', ref);
      await query.execute();
    },

    tick,

    start() {
      running = true;
      schedule(0);
    },

    async stop() {
      running = false;
      clearTimeout(wake);
      await serving;
    },
  };
}

function nameOf({ execution, kind, ref }: Omit<Timer, 'at'>): string {
  return JSON.stringify([execution, kind, ref]);
}
