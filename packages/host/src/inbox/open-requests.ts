import type { User } from '@airlock/protocol/api';
import { mayAnswer } from '@airlock/protocol/assign';
import { AirlockError } from '@airlock/protocol/errors';
import type { Request } from '@airlock/protocol/requests';
import { sql } from 'kysely';
import type { Store } from '../store/store.ts';
import { assignOf, type RequestRow, toRequest } from './request-row.ts';

export interface OpenQuery {
  readonly execution?: string | undefined;
  readonly service?: string | undefined;
  readonly kind?: Request['kind'] | undefined;
  /** Only those this user may answer. */
  readonly user?: User | undefined;
  /** `due`: those whose time is over first come first, those without a time last. Default `oldest`. */
  readonly order?: 'oldest' | 'due' | undefined;
  /** `cursorOf` the last one seen. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Requests read at once where not all of them are shown. */
const pageSize = 200;

/** Where a request stands in an order. */
export function cursorOf({ id, expiresAt }: Pick<Request, 'id' | 'expiresAt'>, order: OpenQuery['order']): string {
  return order === 'due' ? `${expiresAt ?? ''}~${id}` : id;
}

function readDue(cursor: string): { at: string; id: string } {
  const [at, id, ...rest] = cursor.split('~');
  if (at === undefined || id === undefined || rest.length > 0) {
    throw new AirlockError('bad_request', 'The cursor belongs to another order');
  }
  return { at, id };
}

/** Open requests in an order, of which none comes twice and none is left out while others open and close. */
export async function listOpenRequests({ db }: Store, query: OpenQuery): Promise<Request[]> {
  const { user, order = 'oldest', limit } = query;

  function page(after: string | undefined, most: number) {
    let rows = db
      .selectFrom('requests')
      .innerJoin('executions', 'executions.id', 'requests.execution')
      .selectAll('requests')
      .select(['executions.user', 'executions.title'])
      .where('requests.status', '=', 'open')
      .limit(most);
    if (query.execution !== undefined) rows = rows.where('requests.execution', '=', query.execution);
    if (query.service !== undefined) rows = rows.where('executions.service', '=', query.service);
    if (query.kind !== undefined) rows = rows.where('requests.kind', '=', query.kind);
    if (user !== undefined && user.role !== 'admin') {
      rows = rows.where((eb) => eb.or([eb('executions.user', '=', user.name), eb('assign', 'is not', null)]));
    }
    if (order === 'oldest') {
      if (after !== undefined) rows = rows.where('requests.id', '>', after);
      return rows.orderBy('requests.id').execute();
    }
    if (after !== undefined) {
      const { at, id } = readDue(after);
      rows =
        at === ''
          ? rows.where('expires_at', 'is', null).where('requests.id', '>', id)
          : rows.where((eb) =>
              eb.or([
                eb('expires_at', '>', at),
                eb.and([eb('expires_at', '=', at), eb('requests.id', '>', id)]),
                eb('expires_at', 'is', null),
              ]),
            );
    }
    return rows.orderBy(sql`expires_at is null`).orderBy('expires_at').orderBy('requests.id').execute();
  }

  const size = user === undefined || user.role === 'admin' ? limit : pageSize;
  const sees = (row: RequestRow & { readonly user: string }) =>
    user === undefined || mayAnswer(assignOf(row), user, row.user);
  const found: Request[] = [];
  for (let after = query.after; ; ) {
    const rows = await page(after, size);
    found.push(...rows.filter(sees).map((row) => toRequest(row, row, user)));
    const last = rows.at(-1);
    if (found.length >= limit || !last || rows.length < size) return found.slice(0, limit);
    after = cursorOf(toRequest(last), order);
  }
}
