import type { Inbox } from '../inbox/inbox.ts';
import type { Tx } from '../store/store.ts';
import { queueDown } from './outbox.ts';
import { idle, type SessionRow } from './session-row.ts';

/** Asks a conversation to end; a turn in progress is stopped, and what it asks is withdrawn. */
export async function askToEnd(tx: Tx, inbox: Inbox, row: SessionRow): Promise<void> {
  await tx.db
    .updateTable('sessions')
    .set({ ...idle, state: 'ending', idle_at: null, queued_at: null })
    .where('id', '=', row.id)
    .execute();
  await inbox.withdraw(tx, { execution: row.execution, session: row.id });
  if (row.turn_call !== null) await queueDown(tx, row.id, { type: 'interrupt' });
  await queueDown(tx, row.id, { type: 'end' });
}
