import type { Placement } from '../placement/placement.ts';
import type { Store } from '../store/store.ts';
import type { LinkDeps } from './link.ts';
import { openStates, takeContainer } from './session-row.ts';

interface ReconcileOptions {
  readonly store: Store;
  readonly placement: Placement;
  readonly logger: LinkDeps['log'];
}

/**
 * Brings containers and store together after a start: a container made just before a crash is given to its session, one
 * that no open session owns, or that is being replaced, is removed. Does nothing when the engine cannot list them: a list
 * that cannot be read is not an empty one.
 */
export async function reconcile({ store, placement, logger }: ReconcileOptions): Promise<void> {
  const placed = await placement.list().catch((error: unknown) => {
    logger.warn({ error }, 'Containers could not be listed; none is removed');
    return [];
  });
  for (const container of placed) {
    const owner = await store.db
      .selectFrom('sessions')
      .select(['id', 'container', 'replaces'])
      .where('id', '=', container.session)
      .where('state', 'in', openStates)
      .executeTakeFirst();
    if (owner?.container === container.id) continue;
    if (owner?.container === null && owner.replaces !== container.id) {
      await store.write(async (tx) => await takeContainer(tx, owner.id, container.id));
      continue;
    }
    logger.warn({ container: container.id, session: container.session }, 'Removing a container nobody owns');
    await placement.remove(container.id).catch((error: unknown) => logger.warn({ error }, 'Removal failed'));
  }
}
