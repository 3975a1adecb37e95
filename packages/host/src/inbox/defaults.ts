import { AirlockError } from '@airlock/protocol/errors';
import type { JsonObject } from '@airlock/protocol/json';
import type { Settlement } from './request-events.ts';
import { otherwiseOf, type RequestRow } from './request-row.ts';

/** How often a default is tried that cannot be checked now. The timer comes back every few seconds. */
export const mostTries = 120;

/** What becomes of a request nobody answered: its default as checked, or why it has none. */
export interface Defaults {
  /** Rejects while the default cannot be checked now; a text says why it was not taken. */
  settle(row: RequestRow): Promise<Settlement | string | undefined>;
  /** The request has ended. */
  forget(id: string): void;
}

/** Tries are counted here and not by the clock: a host that was down for a week gives a default its time too. */
export function createDefaults(check: (row: RequestRow, inputs: JsonObject) => Promise<Settlement>): Defaults {
  const tries = new Map<string, number>();

  return {
    async settle(row) {
      const otherwise = otherwiseOf(row);
      if (otherwise === undefined) return undefined;
      try {
        return await check(row, otherwise);
      } catch (error) {
        const count = (tries.get(row.id) ?? 0) + 1;
        tries.set(row.id, count);
        if (!isRefusal(error) && count < mostTries) throw error;
        return AirlockError.from(error).message;
      }
    },
    forget: (id) => {
      tries.delete(id);
    },
  };
}

/** Whether the service has judged: it would say the same again. */
function isRefusal(error: unknown): boolean {
  return error instanceof AirlockError && (error.status < 500 || error.code === 'service_failed');
}
