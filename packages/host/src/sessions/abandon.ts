import type { Inbox } from '../inbox/inbox.ts';
import type { Tx } from '../store/store.ts';
import { queueDown } from './outbox.ts';
import { idle } from './session-row.ts';

/** Gives up the turn that call `key` waits for: it is interrupted, and its end settles nothing. Resolves with the session. */
export async function abandonTurn(tx: Tx, inbox: Inbox, execution: string, key: string): Promise<string | undefined> {
  const session = await tx.db
    .updateTable('sessions')
    .set(idle)
    .where('execution', '=', execution)
    .where('turn_call', '=', key)
    .returning('id')
    .executeTakeFirst();
  if (!session) return undefined;
  await inbox.withdraw(tx, { execution, session: session.id });
  await queueDown(tx, session.id, { type: 'interrupt' });
  return session.id;
}
