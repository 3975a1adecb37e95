import { AirlockError } from '@airlock/protocol/errors';
import { type DownFrame, downFrameSchema } from '@airlock/protocol/wire';
import { fromJson } from '../store/json.ts';
import type { OutboxTable } from '../store/schema.ts';
import { statement } from '../store/statement.ts';
import type { Store, Tx } from '../store/store.ts';

const countDown = statement<{ session: string }, { down_queued: number }>((db, param) =>
  db
    .updateTable('sessions')
    .set((eb) => ({ down_queued: eb('down_queued', '+', 1) }))
    .where('id', '=', param('session'))
    .returning('down_queued'),
);

const insertDown = statement<OutboxTable, never>(
  (db, param) =>
    db.insertInto('outbox').values({ session: param('session'), n: param('n'), frame: param('frame') }) as never,
);

/** Numbers a frame for a session and keeps it until the runner has taken it. */
export async function queueDown(tx: Tx, session: string, frame: DownFrame): Promise<void> {
  const [counted] = await tx.run(countDown, { session });
  if (!counted) throw new AirlockError('not_found', `There is no session ${session}`);
  await tx.run(insertDown, { session, n: counted.down_queued, frame: JSON.stringify(frame) });
}

const queuedAfter = statement<{ session: string; after: number }, Pick<OutboxTable, 'n' | 'frame'>>((db, param) =>
  db
    .selectFrom('outbox')
    .select(['n', 'frame'])
    .where('session', '=', param('session'))
    .where('n', '>', param('after'))
    .orderBy('n'),
);

/** Frames queued after number `after`, in order. */
export async function readOutbox(store: Store, session: string, after: number) {
  const rows = await store.run(queuedAfter, { session, after });
  return rows.map(({ n, frame }) => ({ n, frame: fromJson(downFrameSchema, frame, `Outbox ${session}/${n}`) }));
}

/** Whether the runner is to be told nothing after this, unless it stays. */
export function isFarewell({ type }: DownFrame): boolean {
  return type === 'end' || type === 'put_off';
}

/** Whether the runner is still to be told to end, after frame `after`. */
export async function isFarewellQueued(store: Store, session: string, after: number): Promise<boolean> {
  return (await readOutbox(store, session, after)).some(({ frame }) => isFarewell(frame));
}

/** Whether the prompt or notice `uuid` is queued. */
export async function isSaidQueued({ db }: Pick<Tx, 'db'>, session: string, uuid: string): Promise<boolean> {
  const rows = await db.selectFrom('outbox').select(['n', 'frame']).where('session', '=', session).execute();
  return rows.some(({ n, frame }) => {
    const down = fromJson(downFrameSchema, frame, `Outbox ${session}/${n}`);
    return 'uuid' in down && down.uuid === uuid;
  });
}

/** Forgets what the runner has taken. */
export async function clearOutbox(tx: Tx, session: string, upTo: number): Promise<void> {
  await tx.db.deleteFrom('outbox').where('session', '=', session).where('n', '<=', upTo).execute();
}
