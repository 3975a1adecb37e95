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

/** Removes executions that ended longer ago than their service keeps them. */
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
    for (const { name, state } of services.list()) {
      const { keepMs } = state === 'ready' ? services.manifest(name).policy : {};
      if (keepMs === undefined) continue;
      for (const id of await overdue(name, keepMs)) await remove(id);
    }
  };
}
