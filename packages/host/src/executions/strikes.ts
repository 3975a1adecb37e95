import { type Call, callSchema } from '@airlock/protocol/service-channel';
import { fromJson } from '../store/json.ts';
import type { Store } from '../store/store.ts';

/** Ends of a service process in a row after which an execution that had them coming is at fault. */
const enough = 3;
const withoutOutcome = new Set<Call['kind']>(['emit', 'log']);

/** Counts, by execution, how often its process ended while it ran and got nothing further. */
export interface Strikes {
  /** The process ended with these executions in it; resolves with those that must not run again. */
  ended(executions: readonly string[]): Promise<string[]>;
  /** It got further, or is over. */
  clear(execution: string): void;
}

export function createStrikes(store: Store): Strikes {
  const counts = new Map<string, number>();

  /** One that waits for an outcome did not end the process: only its own code can. */
  async function isWaiting(execution: string): Promise<boolean> {
    const open = await store.db
      .selectFrom('calls')
      .select(['key', 'call'])
      .where('execution', '=', execution)
      .where('outcome', 'is', null)
      .execute();
    return open.some(({ key, call }) => !withoutOutcome.has(fromJson(callSchema, call, `Call ${key}`).kind));
  }

  return {
    async ended(executions) {
      const guilty: string[] = [];
      for (const id of executions) {
        if (await isWaiting(id)) continue;
        const count = (counts.get(id) ?? 0) + 1;
        counts.set(id, count);
        if (count >= enough) guilty.push(id);
      }
      return guilty;
    },
    clear: (execution) => {
      counts.delete(execution);
    },
  };
}
