import type { Ownership } from '../ownership/ownership.ts';
import type { Store } from '../store/store.ts';
import type { Services } from './services.ts';

interface RetentionOptions {
  readonly store: Store;
  readonly ownership: Ownership;
  readonly services: Services;
  readonly clock: () => Date;
  /** Removes an ended execution with its files, containers and volumes. */
  readonly remove: (execution: string) => Promise<void>;
}

const batch = 100;

/** Removes executions that ended longer ago than their service keeps them, and versions of services nothing needs. */
export function createSweep({ store, ownership, services, clock, remove }: RetentionOptions) {
  async function overdue(service: string, keepMs: number): Promise<string[]> {
    const rows = await store.db
      .selectFrom('executions')
      .select('id')
      .where('service', '=', service)
      .where('ended_at', '<=', new Date(clock().getTime() - keepMs).toISOString())
      .where((eb) =>
        eb.or([eb('owner', '=', ownership.host), eb('owner', 'not in', eb.selectFrom('hosts').select('id'))]),
      )
      .limit(batch)
      .execute();
    return rows.map(({ id }) => id);
  }

  return async function sweep(): Promise<void> {
    for (const name of services.names()) {
      const keepMs = services.policy(name)?.keepMs;
      if (keepMs === undefined) continue;
      for (const id of await overdue(name, keepMs)) await remove(id);
    }
    await services.tidy();
  };
}
