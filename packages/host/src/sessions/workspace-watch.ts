import { AirlockError } from '@airlock/protocol/errors';
import type { Placement } from '../placement/placement.ts';
import type { Store } from '../store/store.ts';
import type { LinkDeps } from './link.ts';
import { settingsOf } from './session-row.ts';

interface WorkspaceWatchOptions {
  readonly store: Store;
  readonly placement: Placement;
  readonly fail: (session: string, problem: AirlockError) => Promise<void>;
  readonly logger: LinkDeps['log'];
}

const everyMs = 15_000;
const mebibyte = 1024 ** 2;

/** Measures workspaces of sessions at work; where the engine has no quota this is what enforces the limit. */
export function createWorkspaceWatch(options: WorkspaceWatchOptions): () => Promise<void> {
  const { store, placement, fail, logger } = options;
  let last = performance.now();
  let isMeasuring = false;

  async function measure(): Promise<void> {
    const rows = await store.db
      .selectFrom('sessions')
      .selectAll()
      .where('state', '=', 'live')
      .where('turn_call', 'is not', null)
      .execute();
    for (const row of rows) {
      if (row.container === null) continue;
      const used = await placement.workspaceBytes(row.container);
      const limit = settingsOf(row).workspaceBytes;
      if (used <= limit) continue;
      const detail = `It holds ${Math.ceil(used / mebibyte)} MiB, its limit is ${Math.floor(limit / mebibyte)} MiB`;
      await fail(row.id, new AirlockError('workspace_full', detail));
    }
  }

  return async () => {
    const now = performance.now();
    if (isMeasuring || now - last < everyMs) return;
    isMeasuring = true;
    last = now;
    try {
      await measure();
    } catch (error) {
      logger.debug({ error }, 'A workspace could not be measured');
    } finally {
      isMeasuring = false;
    }
  };
}
