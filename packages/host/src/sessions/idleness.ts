import type { SingleFrame } from '@airlock/protocol/wire';
import type { Tx } from '../store/store.ts';
import { whatIsAsked } from './put-off.ts';
import type { SessionRow } from './session-row.ts';

/** Frames that come while something is being done, whoever began it. */
const ofWork: ReadonlySet<SingleFrame['type']> = new Set([
  'message',
  'thinking',
  'tool_use',
  'tool_result',
  'ask',
  'ask_withdrawn',
  'tool_call',
  'check',
  'retry',
]);

export function isWork({ type }: SingleFrame): boolean {
  return ofWork.has(type);
}

/** Something is being done. One that was told to end is given more time for it. */
export async function noteWork(tx: Tx, { id, state }: SessionRow, now: Date): Promise<void> {
  const since = state === 'hibernating' ? now.toISOString() : null;
  await tx.db.updateTable('sessions').set({ idle_at: since }).where('id', '=', id).execute();
}

/** There is nothing to do any more. */
export async function noteIdle(tx: Tx, { id }: SessionRow, now: Date): Promise<void> {
  await tx.db.updateTable('sessions').set({ idle_at: now.toISOString() }).where('id', '=', id).execute();
}

/** There is nothing to do until people have answered this. */
export async function noteWaits(
  tx: Tx,
  row: SessionRow,
  { requestId }: Extract<SingleFrame, { type: 'waits' }>,
  now: Date,
): Promise<void> {
  const asked = await whatIsAsked(tx, row.id);
  if (row.state === 'live' && typeof asked === 'object' && asked.ref === requestId) await noteIdle(tx, row, now);
}

/** One that was to fall asleep and cannot now goes on as it was, until its runner says that it could. */
export async function stayAwake(tx: Tx, { id, state }: SessionRow): Promise<void> {
  if (state !== 'hibernating') return;
  await tx.db.updateTable('sessions').set({ state: 'live', idle_at: null }).where('id', '=', id).execute();
}

/** What it asked is decided: unless it falls asleep already, there is something to do. */
export async function noteAnswer(tx: Tx, { id }: Pick<SessionRow, 'id'>): Promise<void> {
  await tx.db
    .updateTable('sessions')
    .set({ idle_at: null })
    .where('id', '=', id)
    .where('state', 'in', ['starting', 'live'])
    .execute();
}
