import { idSchema } from '@airlock/protocol/ids';
import type { Outcome, ToService } from '@airlock/protocol/service-channel';
import type { Replica } from './services.ts';

/*
 * Which executions are in a service process now. The others cost a row: an outcome, an answer or a timer wakes them.
 *
 * H1. An execution is loaded in one turn of the queue of writes, and counts as resident from that commit on: every
 *     outcome is either in what is loaded or sent after it, and none is in both.
 * H2. Nothing is taken from a process for an execution that is not resident.
 * H3. Only an execution that waits for the host alone is put away, and not while it has been sent something since it
 *     said so.
 */

interface Run {
  /** Set once it is loaded. */
  replica: Replica | undefined;
  /** Outcomes it has been given, those it was loaded with included. */
  delivered: number;
  /** Since when it waits for the host alone, in monotonic milliseconds. */
  parkedAt: number | undefined;
  readonly loaded: Promise<void>;
}

export interface Runs {
  /** Brings an execution into a process. Resolves when it is there, or is not to be; rejects when it cannot be now. */
  wake(execution: string): Promise<void>;
  /** Hands an outcome over, waking the execution if need be. */
  deliver(execution: string, key: string, outcome: Outcome): void;
  /** Sends to its process; false when it is in none. */
  send(execution: string, message: ToService): boolean;
  isResident(execution: string): boolean;
  /** Resident, or about to be. */
  has(execution: string): boolean;
  /** It has said that it waits for the host alone, having had `delivered` outcomes. Whether that still holds. */
  park(execution: string, delivered: number): boolean;
  /** Takes it out of its process. */
  drop(execution: string): void;
  /** The process of these has ended; resolves with those that were at work. */
  down(executions: readonly string[]): string[];
  /** Puts away what has been waiting longer than `idleMs`, and the longest waiting beyond `most`. */
  evict(idleMs: number, most: number): void;
}

interface RunsOptions {
  /** The version it runs; null: what new executions run. */
  readonly versionOf: (execution: string) => Promise<{ readonly service: string; readonly version: string | null }>;
  readonly assign: (service: string, version: string | null, execution: string) => Promise<Replica>;
  readonly release: (execution: string) => void;
  /**
   * H1: reads the log, and after the commit calls `attach` with the number of outcomes; if that is true it hands the log
   * over. Does nothing for an execution that is not to run.
   */
  readonly load: (execution: string, replica: Replica, attach: (outcomes: number) => boolean) => Promise<void>;
  /** It could not be woken to take what it waits for. */
  readonly onStuck: (execution: string, error: unknown) => void;
}

export function createRuns(options: RunsOptions): Runs {
  const runs = new Map<string, Run>();

  /** Loads it into a process, and into the next one if that one ended meanwhile. */
  async function bringIn(execution: string, own: () => Run | undefined): Promise<void> {
    const { service, version } = await options.versionOf(execution);
    for (;;) {
      const replica = await options.assign(service, version, execution);
      if (!own()) {
        if (!runs.has(execution)) options.release(execution);
        return;
      }
      await options.load(execution, replica, (outcomes) => {
        const run = own();
        if (!run || !replica.isUp) return false;
        run.replica = replica;
        run.delivered = outcomes;
        return true;
      });
      if (replica.isUp || !own()) return;
    }
  }

  function start(execution: string): Run {
    let run: Run | undefined;
    const own = () => (runs.get(execution) === run ? run : undefined);
    const loading = Promise.resolve().then(() => bringIn(execution, own));
    const loaded = loading.then(
      () => {
        if (own() && !run?.replica) drop(execution);
      },
      (error: unknown) => {
        if (own()) drop(execution);
        throw error;
      },
    );
    loaded.catch(() => undefined);
    run = { replica: undefined, delivered: 0, parkedAt: undefined, loaded };
    runs.set(execution, run);
    return run;
  }

  function drop(execution: string): void {
    const run = runs.get(execution);
    if (!run) return;
    runs.delete(execution);
    run.replica?.send({ type: 'forget', execution: idSchema.parse(execution) });
    options.release(execution);
  }

  async function wake(execution: string): Promise<void> {
    await (runs.get(execution) ?? start(execution)).loaded;
  }

  return {
    wake,

    deliver(execution, key, outcome) {
      const run = runs.get(execution);
      if (run?.replica) {
        run.delivered += 1;
        run.parkedAt = undefined;
        run.replica.send({ type: 'outcome', execution: idSchema.parse(execution), key, outcome });
      } else {
        wake(execution).catch((error: unknown) => options.onStuck(execution, error));
      }
    },

    send(execution, message) {
      const run = runs.get(execution);
      if (!run?.replica) return false;
      run.parkedAt = undefined;
      run.replica.send(message);
      return true;
    },

    has: (execution) => runs.has(execution),

    isResident: (execution) => runs.get(execution)?.replica !== undefined,

    park(execution, delivered) {
      const run = runs.get(execution);
      if (!run?.replica || run.delivered !== delivered) return false;
      run.parkedAt ??= performance.now();
      return true;
    },

    drop,

    down(executions) {
      const working: string[] = [];
      for (const execution of executions) {
        const run = runs.get(execution);
        if (!run?.replica) continue;
        runs.delete(execution);
        if (run.parkedAt === undefined) working.push(execution);
      }
      return working;
    },

    evict(idleMs, most) {
      const waiting = [...runs]
        .flatMap(([id, { parkedAt }]) => (parkedAt === undefined ? [] : [{ id, parkedAt }]))
        .sort((a, b) => a.parkedAt - b.parkedAt);
      const excess = runs.size - most;
      waiting.forEach(({ id, parkedAt }, at) => {
        if (at < excess || performance.now() - parkedAt > idleMs) drop(id);
      });
    },
  };
}
