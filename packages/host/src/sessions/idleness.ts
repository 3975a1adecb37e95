import type { SingleFrame } from '@airlock/protocol/wire';
import type { Tx } from '../store/store.ts';
import type { SessionRow } from './session-row.ts';

/** Frames that come while something is being done, whoever began it. */
const ofWork: ReadonlySet<SingleFrame['type']> = new Set([
  'message',
  'thinking',
  'tool_use',
  'tool_result',
  'ask',
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
