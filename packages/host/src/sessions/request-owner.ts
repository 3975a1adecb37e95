import type { Grant } from '@airlock/protocol/grants';
import type { Verdict } from '@airlock/protocol/wire';
import type { RequestOwner } from '../inbox/inbox.ts';
import { type RequestRow, sessionAskOf } from '../inbox/request-row.ts';
import type { Log } from '../log/log.ts';
import type { WorkerImage } from '../placement/placement.ts';
import type { Tx } from '../store/store.ts';
import { noteAnswer } from './idleness.ts';
import { queueDown } from './outbox.ts';
import { tooLate } from './put-off.ts';
import { grantsOf, type SessionRow } from './session-row.ts';
import { wake } from './sleep.ts';
import { checkAnswer, grantsIn, toVerdict } from './verdict.ts';

interface RequestOwnerOptions {
  readonly log: Log;
  /** The worker image now in use. */
  readonly image: () => WorkerImage;
  /** Hears of it after the commit, with the session as it was. */
  readonly onReply: (session: SessionRow) => void;
}

/** Requests of sessions: an answer becomes a verdict for the runner. */
export function createRequestOwner({ log, image, onReply }: RequestOwnerOptions): RequestOwner {
  async function reply(tx: Tx, { session, ref }: RequestRow, verdict: Verdict): Promise<void> {
    if (session === null) return;
    const row = await tx.db.selectFrom('sessions').selectAll().where('id', '=', session).executeTakeFirstOrThrow();
    // One that sleeps asks again when it is awake, and is told then (H16).
    if (row.state === 'hibernated') await wake(tx, log, row, image());
    else {
      await noteAnswer(tx, row);
      await queueDown(tx, session, { type: 'answer', requestId: ref, verdict });
    }
    tx.afterCommit(() => onReply(row));
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
    expired: (tx, row) => reply(tx, row, tooLate),
  };
}
