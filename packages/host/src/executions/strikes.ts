import { type Call, callSchema } from '@airlock/protocol/service-channel';
import { fromJson } from '../store/json.ts';
import type { Store } from '../store/store.ts';

/*
 * Executions that keep ending the process of their service.
 *
 * B1. Only code of its own can make an execution end its process: one that waits for an outcome, and runs no step, gets
 *     no strike.
 * B2. Strikes are in a row: one that got an outcome or made a new call since the last one begins anew. Output is no
 *     progress, for it comes again in every process.
 */

/** Ends of a service process in a row after which an execution that had them coming is at fault. */
const enough = 3;
const withoutOutcome = new Set<Call['kind']>(['emit', 'log']);
/** Most executions asked for in one query. */
const chunk = 500;

/** Counts, by execution, how often its process ended while it ran and got nothing further. */
export interface Strikes {
  /** The process ended with these executions at work in it; resolves with those that must not run again. */
  ended(executions: readonly string[]): Promise<string[]>;
  /** It got further, or is over. */
  clear(execution: string): void;
}

interface Strike {
  readonly count: number;
  readonly progress: string;
}

export function createStrikes(store: Store): Strikes {
  const strikes = new Map<string, Strike>();

  async function strike(executions: readonly string[]): Promise<string[]> {
    const states = await readStates(store, executions);
    const isGuilty = (id: string): boolean => {
      const state = states.get(id);
      if (!state || state.isWaiting) return false;
      const { progress } = state;
      const before = strikes.get(id);
      const count = before?.progress === progress ? before.count + 1 : 1;
      strikes.set(id, { count, progress });
      return count >= enough;
    };
    return executions.filter(isGuilty);
  }

  return {
    async ended(executions) {
      const guilty: string[] = [];
      for (let at = 0; at < executions.length; at += chunk) {
        guilty.push(...(await strike(executions.slice(at, at + chunk))));
      }
      return guilty;
    },
    clear: (execution) => {
      strikes.delete(execution);
    },
  };
}

interface State {
  /** Differs from what it was when the execution has got further. */
  readonly progress: string;
  readonly isWaiting: boolean;
}

async function readStates(store: Store, executions: readonly string[]): Promise<Map<string, State>> {
  const rows = await store.db
    .selectFrom('executions')
    .select(['id', 'next_outcome'])
    .where('id', 'in', executions)
    .execute();
  const made = await store.db
    .selectFrom('calls')
    .select((eb) => ['execution', eb.fn.countAll<number>().as('count')])
    .where('execution', 'in', executions)
    .where('key', 'not like', 'io/%')
    .groupBy('execution')
    .execute();
  const waiting = await readWaiting(store, executions);
  const counts = new Map(made.map(({ execution, count }) => [execution, Number(count)]));
  return new Map(
    rows.map(({ id, next_outcome }) => [
      id,
      { progress: `${next_outcome}/${counts.get(id) ?? 0}`, isWaiting: waiting.has(id) },
    ]),
  );
}

/** B1 */
async function readWaiting(store: Store, executions: readonly string[]): Promise<Set<string>> {
  const open = await store.db
    .selectFrom('calls')
    .select(['execution', 'key', 'call', 'delayed'])
    .where('execution', 'in', executions)
    .where('outcome', 'is', null)
    // Output is most of what a log holds: it need not be parsed to be left out.
    .where('call', 'not like', '{"kind":"emit"%')
    .where('call', 'not like', '{"kind":"log"%')
    .execute();
  const waiting = new Set<string>();
  const busy = new Set<string>();
  for (const { execution, key, call, delayed } of open) {
    const { kind } = fromJson(callSchema, call, `Call ${key} of execution ${execution}`);
    if (kind === 'step' && delayed === 0) busy.add(execution);
    else if (!withoutOutcome.has(kind)) waiting.add(execution);
  }
  return new Set([...waiting].filter((id) => !busy.has(id)));
}
