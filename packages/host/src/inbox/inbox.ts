import { AirlockError } from '@airlock/protocol/errors';
import type { NewEvent } from '@airlock/protocol/events';
import { idSchema } from '@airlock/protocol/ids';
import type { Json, JsonObject } from '@airlock/protocol/json';
import { askSchemas, type Request, sessionAskSchema } from '@airlock/protocol/requests';
import type * as z from 'zod';
import type { Log } from '../log/log.ts';
import { newId } from '../store/ids.ts';
import { fromJson } from '../store/json.ts';
import type { Store, Tx } from '../store/store.ts';
import { type RequestRow, toRequest } from './request-row.ts';
import { refreshStatus } from './status.ts';

export type FormAsk = z.infer<typeof askSchemas.form>;
export type Ask = FormAsk | z.infer<typeof sessionAskSchema>;

export interface OpenRequest {
  readonly execution: string;
  readonly session: string | null;
  readonly ask: Ask;
  /** Whose request it is: the key of the lock call, or the CLI's request id. */
  readonly ref: string;
  readonly expiresAt: Date | null;
}

/** What an answer is turned into, by whoever opened the request. */
export interface Settlement {
  /** As stored and shown. */
  readonly inputs: JsonObject;
  /** `form`: what the lease made of it. */
  readonly value?: Json;
}

/** The side that opened a request of some kind. */
export interface RequestOwner {
  /** Checks an answer; throws `invalid_inputs` to leave the request open. Has no effects. */
  check(row: RequestRow, inputs: JsonObject): Promise<Settlement>;
  /** Takes the settled answer, in the same write that stores it. */
  answered(tx: Tx, row: RequestRow, settlement: Settlement, by: string): Promise<void>;
  /** The time to answer is over. */
  expired(tx: Tx, row: RequestRow): Promise<void>;
}

export interface Inbox {
  /** Opens a request, or returns the one already open under the same `ref`. */
  open(tx: Tx, request: OpenRequest): Promise<RequestRow>;
  /** Exactly one answer wins; it is on disk when this resolves. */
  answer(id: string, inputs: JsonObject, by: string): Promise<void>;
  /** Ends open requests nobody needs an answer to any more. */
  withdraw(tx: Tx, which: { execution: string; session?: string; ref?: string }): Promise<void>;
  get(id: string): Promise<Request>;
  listOpen(options: { execution?: string; after?: string; limit: number }): Promise<Request[]>;
  /** Ends requests whose time is over; returns how many. */
  expire(now: Date): Promise<number>;
}

interface InboxOptions {
  readonly store: Store;
  readonly log: Log;
  readonly clock: () => Date;
  /** Looked up when needed, so that owners may be made after the inbox. */
  readonly owner: (kind: string) => RequestOwner;
}

export function createInbox({ store, log, clock, owner }: InboxOptions): Inbox {
  const locks = new Map<string, Promise<unknown>>();

  /** Runs one answer per request at a time. */
  async function underLock<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = locks.get(id) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.then(
      () => undefined,
      () => undefined,
    );
    locks.set(id, settled);
    try {
      return await mine;
    } finally {
      if (locks.get(id) === settled) locks.delete(id);
    }
  }

  async function find(id: string): Promise<RequestRow> {
    const row = await store.db.selectFrom('requests').selectAll().where('id', '=', id).executeTakeFirst();
    if (!row) throw new AirlockError('not_found', `There is no request ${id}`);
    return row;
  }

  /** Takes an open request to its end; false when another was first. */
  async function close(tx: Tx, row: RequestRow, end: Ending): Promise<boolean> {
    const updated = await tx.db
      .updateTable('requests')
      .set({
        status: end.outcome,
        answered_by: end.by ?? null,
        answered_at: clock().toISOString(),
        answer: end.settlement ? JSON.stringify(end.settlement.inputs) : null,
      })
      .where('id', '=', row.id)
      .where('status', '=', 'open')
      .executeTakeFirst();
    if (updated.numUpdatedRows === 0n) return false;
    await log.append(tx, row.execution, [closedEvent(row, end)]);
    return true;
  }

  async function expireOne(row: RequestRow): Promise<void> {
    await store.write(async (tx) => {
      if (!(await close(tx, row, { outcome: 'expired' }))) return;
      await owner(row.kind).expired(tx, row);
      await refreshStatus(log, tx, row.execution);
    });
  }

  return {
    async open(tx, request) {
      const { execution, session, ask, ref, expiresAt } = request;
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
      };
      await tx.db.insertInto('requests').values(row).execute();
      await log.append(tx, execution, [openedEvent(row, ask)]);
      await refreshStatus(log, tx, execution);
      return row;
    },

    answer: (id, inputs, by) =>
      underLock(id, async () => {
        const row = await find(id);
        refuseClosed(row, clock());
        const settlement = await owner(row.kind).check(row, inputs);
        await store.write(async (tx) => {
          const mine = await close(tx, row, { outcome: 'answered', by, settlement });
          if (!mine) refuseClosed(await readAgain(tx, row.id), clock());
          await owner(row.kind).answered(tx, row, settlement, by);
          await refreshStatus(log, tx, row.execution);
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

    get: async (id) => toRequest(await find(id)),

    async listOpen({ execution, after, limit }) {
      let query = store.db.selectFrom('requests').selectAll().where('status', '=', 'open').orderBy('id').limit(limit);
      if (execution !== undefined) query = query.where('execution', '=', execution);
      if (after !== undefined) query = query.where('id', '>', after);
      return (await query.execute()).map(toRequest);
    },

    async expire(now) {
      const due = await store.db
        .selectFrom('requests')
        .selectAll()
        .where('status', '=', 'open')
        .where('expires_at', '<=', now.toISOString())
        .limit(500)
        .execute();
      for (const row of due) await underLock(row.id, () => expireOne(row));
      return due.length;
    },
  };
}

interface Ending {
  readonly outcome: 'answered' | 'expired' | 'withdrawn';
  readonly by?: string;
  readonly settlement?: Settlement;
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

function openedEvent(row: RequestRow, ask: Ask): NewEvent {
  const request = idSchema.parse(row.id);
  const expiry = row.expires_at === null ? {} : { expiresAt: row.expires_at };
  if (ask.kind === 'form') {
    return { kind: 'lock', payload: { request, name: ask.name, elements: ask.elements, ...expiry } };
  }
  return { kind: 'request', payload: { request, session: idSchema.parse(row.session), ask, ...expiry } };
}

function closedEvent(row: RequestRow, end: Ending): NewEvent {
  const common = {
    request: idSchema.parse(row.id),
    outcome: end.outcome,
    ...(end.by === undefined ? {} : { by: end.by }),
    ...(end.settlement === undefined ? {} : { inputs: end.settlement.inputs }),
  };
  if (row.kind !== 'form') return { kind: 'answer', payload: { ...common, session: idSchema.parse(row.session) } };
  const { name } = fromJson(askSchemas.form, row.ask, `Request ${row.id}`);
  const value = end.settlement?.value;
  return { kind: 'lease', payload: { ...common, name, ...(value === undefined ? {} : { value }) } };
}

/** The ask of a session's request. */
export function sessionAskOf(row: RequestRow) {
  return fromJson(sessionAskSchema, row.ask, `Request ${row.id}`);
}

/** The ask of a form request. */
export function formAskOf(row: RequestRow): FormAsk {
  return fromJson(askSchemas.form, row.ask, `Request ${row.id}`);
}
