import { AirlockError } from '@airlock/protocol/errors';
import type { UpFrame } from '@airlock/protocol/wire';
import type { Fence } from '../ownership/ownership.ts';
import type { Store, Tx } from '../store/store.ts';
import { clearOutbox } from './outbox.ts';
import { isOfHost, type SessionRow } from './session-row.ts';

/** How far one container has taken what was queued; the difference waits for the next write. */
export interface Down {
  taken: number;
  cleared: number;
}

interface CommitDeps {
  readonly store: Store;
  readonly fence: Fence;
  readonly commit: (tx: Tx, row: SessionRow, frame: UpFrame) => Promise<void>;
}

/** L2, L3: commits one frame of a container, under the epoch it came with. */
export async function commitUp(
  { store, fence, commit }: CommitDeps,
  { id, container, epoch }: Pick<SessionRow, 'id' | 'container' | 'epoch'>,
  down: Down,
  { n, frame }: { readonly n: number; readonly frame: UpFrame },
): Promise<void> {
  await store.write(async (tx) => {
    const now = await tx.db
      .updateTable('sessions')
      .set({ up_committed: n })
      .where('id', '=', id)
      .where('container', '=', container)
      .where('epoch', '=', epoch)
      .where('up_committed', '=', n - 1)
      .where(isOfHost(fence))
      .returningAll()
      .executeTakeFirst();
    if (!now) throw new AirlockError('wire_refused', `Frame ${n} came under epoch ${epoch}, which is over`);
    if (down.cleared < down.taken) await clearOutbox(tx, id, down.taken);
    down.cleared = down.taken;
    await commit(tx, now, frame);
  });
}
