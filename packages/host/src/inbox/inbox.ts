import type { AssignBody, User } from '@airlock/protocol/api';
import { type Assign, mayAnswer, whoMayAnswer } from '@airlock/protocol/assign';
import { AirlockError } from '@airlock/protocol/errors';
import type { JsonObject } from '@airlock/protocol/json';
import type { Handed, Request } from '@airlock/protocol/requests';
import type { Log } from '../log/log.ts';
import { newId } from '../store/ids.ts';
import { statement } from '../store/statement.ts';
import type { Store, Tx } from '../store/store.ts';
import type { Timer, Timers } from '../timers/timers.ts';
import { createDefaults } from './defaults.ts';
import { assignedEvent, assigneeOf, storeAssignee } from './hand-on.ts';
import { listOpenRequests, type OpenQuery } from './open-requests.ts';
import { closedEvent, type Ending, openedEvent, type Settlement } from './request-events.ts';
import { createLocks } from './request-locks.ts';
import { assignOf, type FormAsk, type Origin, type RequestRow, type SessionAsk, toRequest } from './request-row.ts';
import { type Escalation, followRule, rulesOf, setRules } from './rules.ts';
import { refreshStatus } from './status.ts';

/*
 * What people are asked.
 *
 * X1. A request, its event, its timer and the status of its execution come to be in one write, and end in one.
 * X2. One end counts: an answer, the end of its time, or a withdrawal. Who comes later is told what and whose it was.
 * X3. An answer is on disk, with what it leads to, before it is acknowledged.
 * X4. An answer that is refused changes nothing: the request stays open.
 * X5. Only who may answer does.
 * X6. When its time is over, its default is taken as an answer would be, or it fails.
 * X8. A reminder and an escalation happen once, at their time or later, while it is open.
 * X7. One that is handed on is for those it was handed to and for whoever started the execution, for nobody else.
 */

export interface OpenRequest {
  readonly execution: string;
  readonly session: string | null;
  readonly ask: FormAsk | SessionAsk;
  /** Whose request it is: the key of the lock call, or the CLI's request id. */
  readonly ref: string;
  readonly expiresAt: Date | null;
  /** Who may answer; the owner of the execution if left out. */
  readonly assign?: Assign | undefined;
  /** Taken as the answer when the time is over. */
  readonly otherwise?: JsonObject | undefined;
  /** How long after it is opened people are reminded, in milliseconds. */
  readonly remindMs?: readonly number[] | undefined;
  /** Who may answer, too, once it has waited so long. */
  readonly escalate?: Escalation | undefined;
}

/** The side that opened a request of some kind. */
export interface RequestOwner {
  /**
   * Checks an answer; throws `invalid_inputs` to leave the request open. Has no effects but on files, which are nobody's
   * until the answer is stored. `by`: whose it is; null for a default.
   */
  check(row: RequestRow, inputs: JsonObject, by: string | null): Promise<Settlement>;
  /** Takes the settled answer, in the same write that stores it. */
  answered(tx: Tx, row: RequestRow, settlement: Settlement, by: string | null): Promise<void>;
  /** The time to answer is over; `why` says what was wrong with the default, if there is one. */
  expired(tx: Tx, row: RequestRow, why?: string): Promise<void>;
}

export interface Inbox {
  /** Opens a request, or returns the one already open under the same `ref`. */
  open(tx: Tx, request: OpenRequest): Promise<RequestRow>;
  /** Exactly one answer wins; it is on disk when this resolves. */
  answer(id: string, inputs: JsonObject, by: User): Promise<void>;
  /** Ends a request that was just opened with what `by` answered to the same one before. */
  answerAgain(tx: Tx, row: RequestRow, inputs: JsonObject, by: string): Promise<void>;
  /** Lets others answer an open request, too. Throws `invalid_inputs` when there is no such user. */
  handOn(id: string, body: AssignBody, by: User): Promise<void>;
  /** Ends open requests nobody needs an answer to any more. */
  withdraw(tx: Tx, which: { execution: string; session?: string; ref?: string }): Promise<void>;
  /** With `user`, as that one sees it. */
  get(id: string, user?: User): Promise<Request>;
  listOpen(query: OpenQuery): Promise<Request[]>;
  /** Does what a timer of a request is for; nothing to one that has ended. */
  fire(timer: Pick<Timer, 'kind' | 'ref'>): Promise<void>;
}

interface InboxOptions {
  readonly store: Store;
  readonly log: Log;
  readonly timers: Timers;
  readonly clock: () => Date;
  /** Looked up when needed, so that owners may be made after the inbox. */
  readonly owner: (kind: string) => RequestOwner;
}

const findRequest = statement<{ id: string }, RequestRow & Origin>((db, param) =>
  db
    .selectFrom('requests')
    .innerJoin('executions', 'executions.id', 'requests.execution')
    .selectAll('requests')
    .select(['executions.user', 'executions.title'])
    .where('requests.id', '=', param('id')),
);

const closeRequest = statement<
  { id: string; status: RequestRow['status']; by: string | null; at: string; answer: string | null },
  { id: string }
>((db, param) =>
  db
    .updateTable('requests')
    .set({ status: param('status'), answered_by: param('by'), answered_at: param('at'), answer: param('answer') })
    .where('id', '=', param('id'))
    .where('status', '=', 'open')
    .returning('id'),
);

export function createInbox({ store, log, timers, clock, owner }: InboxOptions): Inbox {
  const underLock = createLocks();
  const defaults = createDefaults((row, inputs) => owner(row.kind).check(row, inputs, null));

  async function find(id: string): Promise<RequestRow & Origin> {
    const [row] = await store.run(findRequest, { id });
    if (!row) throw new AirlockError('not_found', `There is no request ${id}`);
    return row;
  }

  /** Takes an open request to its end; false when another was first. */
  async function close(tx: Tx, row: RequestRow, end: Ending): Promise<boolean> {
    const [closed] = await tx.run(closeRequest, {
      id: row.id,
      status: end.outcome,
      by: end.by ?? null,
      at: clock().toISOString(),
      answer: end.settlement ? JSON.stringify(end.settlement.inputs) : null,
    });
    if (!closed) return false;
    if (row.expires_at !== null || row.rules !== null) await clearTimers(tx, row);
    defaults.forget(row.id);
    await log.append(tx, row.execution, [closedEvent(row, end)]);
    return true;
  }

  async function clearTimers(tx: Tx, { execution, id }: RequestRow): Promise<void> {
    await timers.clear(tx, { execution, ref: id });
  }

  async function expireOpen(row: RequestRow): Promise<void> {
    const settlement = await defaults.settle(row);
    const isTaken = typeof settlement === 'object';
    await store.write(async (tx) => {
      if (!(await close(tx, row, { outcome: 'expired', ...(isTaken ? { settlement } : {}) }))) return;
      if (isTaken) await owner(row.kind).answered(tx, row, settlement, null);
      else await owner(row.kind).expired(tx, row, settlement);
      await refreshStatus(log, tx, row.execution);
    });
  }

  return {
    async open(tx, request) {
      const { execution, session, ask, ref, expiresAt, assign, otherwise } = request;
      const rules = rulesOf(request, clock());
      const known = await tx.db
        .selectFrom('requests')
        .selectAll()
        .where('execution', '=', execution)
        .where('status', '=', 'open')
        .where('ref', '=', ref)
        .where('session', 'is not distinct from', session)
        .executeTakeFirst();
      if (known) return known;
      const row: RequestRow = {
        id: newId(),
        execution,
        session,
        kind: ask.kind,
        ask: JSON.stringify(ask),
        ref,
        status: 'open',
        created_at: clock().toISOString(),
        expires_at: expiresAt?.toISOString() ?? null,
        answered_by: null,
        answered_at: null,
        answer: null,
        assign: assign === undefined ? null : JSON.stringify(assign),
        otherwise: otherwise === undefined ? null : JSON.stringify(otherwise),
        handed: null,
        rules: rules === null ? null : JSON.stringify(rules),
        reminded_at: null,
      };
      await tx.db.insertInto('requests').values(row).execute();
      if (expiresAt) await timers.set(tx, { execution, kind: 'expiry', ref: row.id, at: expiresAt });
      if (rules) await setRules(tx, timers, row, rules);
      await log.append(tx, execution, [openedEvent(row, ask)]);
      await refreshStatus(log, tx, execution);
      return row;
    },

    answer: (id, inputs, by) =>
      underLock(id, async () => {
        const row = await find(id);
        refuseStranger(row, by);
        refuseClosed(row, clock());
        const settlement = await owner(row.kind).check(row, inputs, by.name);
        await store.write(async (tx) => {
          const isMine = await close(tx, row, { outcome: 'answered', by: by.name, settlement });
          if (!isMine) refuseClosed(await readAgain(tx, row.id), clock());
          await owner(row.kind).answered(tx, row, settlement, by.name);
          await refreshStatus(log, tx, row.execution);
        });
      }),

    async answerAgain(tx, row, inputs, by) {
      const settlement = { inputs };
      if (!(await close(tx, row, { outcome: 'answered', by, settlement }))) return;
      await owner(row.kind).answered(tx, row, settlement, by);
      await refreshStatus(log, tx, row.execution);
    },

    handOn: (id, { to, note }, by) =>
      underLock(id, async () => {
        const row = await find(id);
        refuseStranger(row, by);
        refuseClosed(row, clock());
        const assign = await assigneeOf(store, to);
        const handed: Handed = { by: by.name, at: clock().toISOString(), to, ...(note === undefined ? {} : { note }) };
        await store.write(async (tx) => {
          if (!(await storeAssignee(tx, id, assign, handed))) refuseClosed(await readAgain(tx, id), clock());
          await log.append(tx, row.execution, [assignedEvent(row, assign, handed)]);
        });
      }),

    async withdraw(tx, which) {
      let query = tx.db
        .selectFrom('requests')
        .selectAll()
        .where('execution', '=', which.execution)
        .where('status', '=', 'open');
      if (which.session !== undefined) query = query.where('session', '=', which.session);
      if (which.ref !== undefined) query = query.where('ref', '=', which.ref);
      for (const row of await query.execute()) await close(tx, row, { outcome: 'withdrawn' });
      await refreshStatus(log, tx, which.execution);
    },

    get: async (id, user) => {
      const row = await find(id);
      return toRequest(row, row, user);
    },

    listOpen: (query) => listOpenRequests(store, query),

    fire: ({ kind, ref: id }) =>
      underLock(id, async () => {
        const row = await find(id);
        if (row.status !== 'open') await store.write((tx) => clearTimers(tx, row));
        else if (kind === 'remind' || kind === 'escalate') await followRule(kind, row, { store, log, timers, clock });
        else await expireOpen(row);
      }),
  };
}

/** Throws `forbidden`, naming who may, unless the user may answer (X5). */
function refuseStranger(row: RequestRow & { readonly user: string }, by: User): void {
  const assign = assignOf(row);
  if (mayAnswer(assign, by, row.user)) return;
  throw new AirlockError('forbidden', `This may be answered by ${whoMayAnswer(assign, row.user)}`);
}

async function readAgain(tx: Tx, id: string): Promise<RequestRow> {
  return await tx.db.selectFrom('requests').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
}

/** Throws when a request can no longer be answered, saying by whom and when it was. */
function refuseClosed(row: RequestRow, now: Date): void {
  switch (row.status) {
    case 'answered':
      throw new AirlockError('already_answered', `${row.answered_by} answered at ${row.answered_at}`);
    case 'expired':
      throw new AirlockError('request_expired', `The time to answer ended at ${row.expires_at}`);
    case 'withdrawn':
      throw new AirlockError('request_expired', 'The request was withdrawn; its answer is no longer needed');
    case 'open':
      if (row.expires_at !== null && row.expires_at <= now.toISOString()) {
        throw new AirlockError('request_expired', `The time to answer ended at ${row.expires_at}`);
      }
  }
}
