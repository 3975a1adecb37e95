import type { RequestOwner } from '../inbox/inbox.ts';
import { type RequestRow, sessionAskOf } from '../inbox/request-row.ts';
import type { Tx } from '../store/store.ts';
import { queueDown } from './outbox.ts';
import { checkAnswer, toVerdict } from './verdict.ts';

/** Requests of sessions: an answer becomes a verdict for the runner. `onReply` hears of it after the commit. */
export function createRequestOwner(onReply: (session: string) => void): RequestOwner {
  async function reply(tx: Tx, { session, ref }: RequestRow, verdict: ReturnType<typeof toVerdict>): Promise<void> {
    if (session === null) return;
    await queueDown(tx, session, { type: 'answer', requestId: ref, verdict });
    tx.afterCommit(() => onReply(session));
  }

  return {
    check: (row, inputs) => Promise.resolve({ inputs: checkAnswer(sessionAskOf(row), inputs) }),
    answered: (tx, row, settlement) => reply(tx, row, toVerdict(sessionAskOf(row), settlement.inputs)),
    expired: (tx, row) => reply(tx, row, { behavior: 'deny', message: 'Nobody answered in time' }),
  };
}
