import type { Placement } from '../placement/placement.ts';
import type { Store } from '../store/store.ts';
import type { LinkDeps } from './link.ts';
import { openStates } from './session-row.ts';

/*
 * Removes what nobody owns any more, while the host runs.
 *
 * Y1. Removed is a container whose session is over or unknown, and a workspace whose session is unknown: found so twice,
 *     one look after the other.
 * Y2. A list that cannot be read is not an empty one: nothing is removed on it.
 */

interface ReaperOptions {
  readonly store: Store;
  readonly placement: Placement;
  readonly logger: LinkDeps['log'];
}

/** One look of the reaper; remembers what it saw the last time. */
export function createReaper({ store, placement, logger }: ReaperOptions): () => Promise<void> {
  let suspects = new Set<string>();

  async function isSpare(session: string): Promise<boolean> {
    return (
      (await store.db.selectFrom('spares').select('id').where('id', '=', session).executeTakeFirst()) !== undefined
    );
  }

  async function isOpen(session: string): Promise<boolean> {
    if (await isSpare(session)) return true;
    const row = await store.db.selectFrom('sessions').select('state').where('id', '=', session).executeTakeFirst();
    return row !== undefined && openStates.some((state) => state === row.state);
  }

  async function isKnown(session: string): Promise<boolean> {
    if (await isSpare(session)) return true;
    const row = await store.db.selectFrom('sessions').select('id').where('id', '=', session).executeTakeFirst();
    return row !== undefined;
  }

  async function find(): Promise<Map<string, () => Promise<void>>> {
    const [containers, workspaces] = await Promise.all([placement.list(), placement.listWorkspaces()]);
    const found = new Map<string, () => Promise<void>>();
    for (const { id, session } of containers) {
      if (!(await isOpen(session))) found.set(`container ${id}`, () => placement.remove(id));
    }
    for (const session of workspaces) {
      if (!(await isKnown(session))) found.set(`workspace ${session}`, () => placement.removeWorkspace(session));
    }
    return found;
  }

  return async function look(): Promise<void> {
    let found: Map<string, () => Promise<void>>;
    try {
      found = await find();
    } catch (error) {
      logger.warn({ error }, 'Containers or workspaces could not be listed; none is removed');
      return;
    }
    for (const [name, remove] of found) {
      if (!suspects.has(name)) continue;
      logger.warn({ name }, 'Removing what nobody owns');
      await remove().catch((error: unknown) =>
        logger.warn({ name, error }, 'Removal failed; the next look tries again'),
      );
    }
    suspects = new Set(found.keys());
  };
}
