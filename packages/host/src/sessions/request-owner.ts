import type { Grant } from '@airlock/protocol/grants';
import type { RequestOwner } from '../inbox/inbox.ts';
import { type RequestRow, sessionAskOf } from '../inbox/request-row.ts';
import type { Tx } from '../store/store.ts';
import { queueDown } from './outbox.ts';
import { grantsOf } from './session-row.ts';
import { checkAnswer, grantsIn, toVerdict } from './verdict.ts';

/** Requests of sessions: an answer becomes a verdict for the runner. `onReply` hears of it after the commit. */
export function createRequestOwner(onReply: (session: string) => void): RequestOwner {
  async function reply(tx: Tx, { session, ref }: RequestRow, verdict: ReturnType<typeof toVerdict>): Promise<void> {
    if (session === null) return;
    await queueDown(tx, session, { type: 'answer', requestId: ref, verdict });
    tx.afterCommit(() => onReply(session));
  }

  /** The container forgets what it was granted when it is lost; the next one is told. */
  async function keepGrants(tx: Tx, { session }: RequestRow, grants: Grant[]): Promise<void> {
    if (session === null || grants.length === 0) return;
    const row = await tx.db
      .selectFrom('sessions')
      .select(['id', 'grants'])
      .where('id', '=', session)
      .executeTakeFirstOrThrow();
    const all = JSON.stringify([...grantsOf(row), ...grants]);
    await tx.db.updateTable('sessions').set({ grants: all }).where('id', '=', session).execute();
  }

  return {
    check: (row, inputs) => Promise.resolve({ inputs: checkAnswer(sessionAskOf(row), inputs) }),
    async answered(tx, row, { inputs }) {
      const ask = sessionAskOf(row);
      await keepGrants(tx, row, grantsIn(ask, inputs));
      await reply(tx, row, toVerdict(ask, inputs));
    },
    expired: (tx, row) => reply(tx, row, { behavior: 'deny', message: 'Nobody answered in time' }),
  };
}
