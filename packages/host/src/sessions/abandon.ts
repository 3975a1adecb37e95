import type { Inbox } from '../inbox/inbox.ts';
import type { Log } from '../log/log.ts';
import type { WorkerImage } from '../placement/placement.ts';
import type { Tx } from '../store/store.ts';
import { noteAnswer } from './idleness.ts';
import { queueDown } from './outbox.ts';
import { idle, type SessionRow } from './session-row.ts';
import { wake } from './sleep.ts';

interface Abandoning {
  readonly inbox: Inbox;
  readonly log: Log;
  readonly image: WorkerImage;
}

/**
 * Gives up the turn that call `key` waits for: it is interrupted, and its end settles nothing. Resolves with the session as it
 * was; one that sleeps in that turn wakes to hear of it.
 */
export async function abandonTurn(
  tx: Tx,
  execution: string,
  key: string,
  { inbox, log, image }: Abandoning,
): Promise<SessionRow | undefined> {
  const session = await tx.db
    .updateTable('sessions')
    .set(idle)
    .where('execution', '=', execution)
    .where('turn_call', '=', key)
    .returningAll()
    .executeTakeFirst();
  if (!session) return undefined;
  await inbox.withdraw(tx, { execution, session: session.id });
  await noteAnswer(tx, session);
  if (session.state === 'hibernated') await wake(tx, log, session, image);
  else await queueDown(tx, session.id, { type: 'interrupt' });
  return session;
}
