import { readCalls } from '@airlock/host/executions/calls';
import type { Store } from '@airlock/host/store/store';
import type { Outcome } from '@airlock/protocol/service-channel';

/** Outcomes of an execution by key, those of output left out. */
export async function outcomesOf(store: Store, execution: string): Promise<ReadonlyMap<string, Outcome>> {
  const { outcomes } = await store.write((tx) => readCalls(tx, execution));
  const keyed = outcomes.filter(({ key }) => !key.startsWith('io/'));
  return new Map(keyed.map(({ key, outcome }) => [key, outcome]));
}
