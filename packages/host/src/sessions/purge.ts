import type { Placement } from '../placement/placement.ts';
import type { Store } from '../store/store.ts';
import { findSession } from './session-row.ts';

interface PurgeOptions {
  readonly store: Store;
  readonly placement: Placement;
  /** Lets go of a session. */
  readonly stop: (session: string) => Promise<void>;
}

/** Removes containers and workspaces of an ended execution. */
export async function purgeSessions(execution: string, { store, placement, stop }: PurgeOptions): Promise<void> {
  const rows = await store.db.selectFrom('sessions').select('id').where('execution', '=', execution).execute();
  for (const { id } of rows) {
    // A container that was starting is known once its link has stopped.
    await stop(id);
    const row = await findSession(store, id);
    for (const container of [row?.container, row?.replaces]) if (container) await placement.remove(container);
    await placement.removeWorkspace(id);
  }
}
