import type { Execution, ExecutionSummary } from '@airlock/protocol/api';
import { AirlockError } from '@airlock/protocol/errors';
import type { ExecutionStatus } from '@airlock/protocol/executions';
import { sql } from 'kysely';
import type { Inbox } from '../inbox/inbox.ts';
import type { Store } from '../store/store.ts';
import { toExecution, toSummary } from './execution-row.ts';
import { placesForRoom, placesInQueue } from './queue.ts';
import { readWait } from './read-wait.ts';

export interface ListOptions {
  readonly status?: ExecutionStatus;
  /** Words to find in title and excerpt. */
  readonly q?: string;
  readonly limit: number;
  /** Id of the last one seen; newer come first. */
  readonly cursor?: string;
}

type Before = (session: string) => number | undefined;
type Queueing = Parameters<typeof placesInQueue>[1];

/** How many are before each of these in the queue it is in. */
async function placesOf(store: Store, rows: Queueing, before: Before): Promise<Map<string, number>> {
  return new Map([...(await placesInQueue(store, rows)), ...(await placesForRoom(store, rows, before))]);
}

interface ListingSources {
  readonly store: Store;
  readonly inbox: Pick<Inbox, 'listOpen'>;
  readonly clock: () => Date;
  /** How many wait for room before a session. */
  readonly before: Before;
}

/** One execution with its open requests. */
export async function getExecution(sources: ListingSources, id: string): Promise<Execution> {
  const { store, inbox, before } = sources;
  const row = await store.db.selectFrom('executions').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw new AirlockError('not_found', `There is no execution ${id}`);
  const places = await placesOf(store, [row], before);
  const queue = places.get(id) ?? null;
  const requests = await inbox.listOpen({ execution: id, limit: 100 });
  const waitsFor = await readWait(sources, row, { queue, openRequests: requests.length });
  return toExecution(row, requests, { queue, waitsFor });
}

/** Words are looked for in so many executions at once: a search that finds nothing must not hold up the host. */
export const searchedAtOnce = 20_000;

/**
 * A page of executions, the newest first; `next` is the cursor of the page after it. A page of a search can be short, or
 * empty, and still have one after it.
 */
export async function listExecutions(
  sources: ListingSources,
  { status, q, limit, cursor }: ListOptions,
): Promise<{ items: ExecutionSummary[]; next: string | null }> {
  const { store, before } = sources;
  let query = store.db
    .selectFrom('executions')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(limit + 1);
  if (status !== undefined) query = query.where('status', '=', status);
  if (cursor !== undefined) query = query.where('id', '<', cursor);
  const oldest = isSearch(q) ? await oldestSearched(store, cursor) : undefined;
  if (oldest !== undefined) query = query.where('id', '>=', oldest);
  if (isSearch(q)) {
    const words = `%${q.trim().replace(/[\\%_]/g, '\\$&')}%`;
    const found = (column: 'title' | 'excerpt') =>
      sql<boolean>`lower(${sql.ref(column)}) like lower(${words}) escape '\\'`;
    query = query.where((eb) => eb.or([found('title'), found('excerpt')]));
  }
  const rows = await query.execute();
  const shown = rows.slice(0, limit);
  const awaiting = await countOpen(
    store,
    shown.map((row) => row.id),
  );
  const places = await placesOf(store, shown, before);
  const items: ExecutionSummary[] = [];
  for (const row of shown) {
    const queue = places.get(row.id) ?? null;
    const openRequests = awaiting.get(row.id) ?? 0;
    const waitsFor = await readWait(sources, row, { queue, openRequests });
    items.push(toSummary(row, openRequests, { queue, waitsFor }));
  }
  return { items, next: rows.length > limit ? (shown.at(-1)?.id ?? null) : (oldest ?? null) };
}

function isSearch(q: string | undefined): q is string {
  return q !== undefined && q.trim() !== '';
}

/** The last execution a search after `cursor` looks at; undefined when it gets to the end. */
async function oldestSearched(store: Store, cursor: string | undefined): Promise<string | undefined> {
  let query = store.db
    .selectFrom('executions')
    .select('id')
    .orderBy('id', 'desc')
    .limit(2)
    .offset(searchedAtOnce - 1);
  if (cursor !== undefined) query = query.where('id', '<', cursor);
  const [oldest, another] = await query.execute();
  return another && oldest?.id;
}

async function countOpen(store: Store, executions: string[]): Promise<Map<string, number>> {
  if (executions.length === 0) return new Map();
  const rows = await store.db
    .selectFrom('requests')
    .select((eb) => ['execution', eb.fn.countAll<number>().as('count')])
    .where('execution', 'in', executions)
    .where('status', '=', 'open')
    .groupBy('execution')
    .execute();
  return new Map(rows.map((row) => [row.execution, Number(row.count)]));
}
