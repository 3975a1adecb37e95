import { type DownFrame, downFrameSchema } from '@airlock/protocol/wire';
import { fromJson } from '../store/json.ts';
import type { Store, Tx } from '../store/store.ts';

/** Numbers a frame for a session and keeps it until the runner has taken it. */
export async function queueDown(tx: Tx, session: string, frame: DownFrame): Promise<void> {
  const { down_queued: n } = await tx.db
    .updateTable('sessions')
    .set((eb) => ({ down_queued: eb('down_queued', '+', 1) }))
    .where('id', '=', session)
    .returning('down_queued')
    .executeTakeFirstOrThrow();
  await tx.db
    .insertInto('outbox')
    .values({ session, n, frame: JSON.stringify(frame) })
    .execute();
}

/** Frames queued after number `after`, in order. */
export async function readOutbox(store: Store, session: string, after: number) {
  const rows = await store.db
    .selectFrom('outbox')
    .select(['n', 'frame'])
    .where('session', '=', session)
    .where('n', '>', after)
    .orderBy('n')
    .execute();
  return rows.map(({ n, frame }) => ({ n, frame: fromJson(downFrameSchema, frame, `Outbox ${session}/${n}`) }));
}

/** Forgets what the runner has taken. */
export async function clearOutbox(tx: Tx, session: string, upTo: number): Promise<void> {
  await tx.db.deleteFrom('outbox').where('session', '=', session).where('n', '<=', upTo).execute();
}
