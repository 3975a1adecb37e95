import type { Store } from '../store/store.ts';
import type { Runs } from './runs.ts';

interface WakeOptions {
  readonly store: Store;
  readonly host: string;
  readonly runs: Runs;
  readonly wake: (execution: string) => Promise<void>;
}

/** How many are loaded at once. */
const atOnce = 16;

/** Wakes the executions of this host that have something to do and are in no process. */
export async function wakeOpen({ store, host, runs, wake }: WakeOptions): Promise<void> {
  const rows = await store.db
    .selectFrom('executions')
    .select('id')
    .where('owner', '=', host)
    .where('ended_at', 'is', null)
    .where('status', 'in', ['running', 'awaiting'])
    .where((eb) =>
      eb.or([eb('parked', 'is', null), eb('parked', '!=', eb.ref('next_outcome')), eb('stop', 'is not', null)]),
    )
    .orderBy('id')
    .execute();
  const left = rows.map(({ id }) => id).filter((id) => !runs.has(id));
  const worker = async (): Promise<void> => {
    for (let id = left.shift(); id !== undefined; id = left.shift()) await wake(id);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, left.length) }, worker));
}
