import type { ServicePolicy } from '@airlock/protocol/service-channel';
import { setStatus } from '../inbox/status.ts';
import type { Log } from '../log/log.ts';
import type { Store, Tx } from '../store/store.ts';
import type { Timers } from '../timers/timers.ts';

/*
 * Executions that may begin, and those that wait for their turn.
 *
 * Q1. At most `maxConcurrent` executions of a service have begun and not ended, on all hosts together.
 * Q2. They begin in the order in which they were launched.
 */

interface QueueSinks {
  readonly log: Log;
  readonly timers: Timers;
  readonly clock: () => Date;
  readonly host: string;
}

/** Lets those begin that may now; resolves with the ones of this host. */
export async function admit(tx: Tx, service: string, policy: ServicePolicy, sinks: QueueSinks): Promise<string[]> {
  const free = policy.maxConcurrent === undefined ? undefined : policy.maxConcurrent - (await countBegun(tx, service));
  if (free !== undefined && free <= 0) return [];
  let query = tx.db
    .selectFrom('executions')
    .select(['id', 'owner'])
    .where('service', '=', service)
    .where('status', '=', 'starting')
    .orderBy('id');
  if (free !== undefined) query = query.limit(free);
  const next = await query.execute();
  const mine = next.filter(({ owner }) => owner === sinks.host).map(({ id }) => id);
  for (const id of mine) await begin(tx, id, policy, sinks);
  return mine;
}

async function countBegun(tx: Tx, service: string): Promise<number> {
  const { count } = await tx.db
    .selectFrom('executions')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('service', '=', service)
    .where('status', 'in', ['running', 'awaiting'])
    .executeTakeFirstOrThrow();
  return Number(count);
}

async function begin(tx: Tx, execution: string, policy: ServicePolicy, sinks: QueueSinks): Promise<void> {
  await setStatus(sinks.log, tx, execution, 'running');
  if (policy.executionMs === undefined) return;
  const at = new Date(sinks.clock().getTime() + policy.executionMs);
  await sinks.timers.set(tx, { execution, kind: 'limit', ref: '', at });
}

/** How many are before each of these in the queues of their services. */
export async function placesInQueue(
  store: Store,
  rows: readonly { readonly id: string; readonly service: string; readonly status: string }[],
): Promise<Map<string, number>> {
  const places = new Map<string, number>();
  for (const { id, service, status } of rows) {
    if (status !== 'starting') continue;
    const { count } = await store.db
      .selectFrom('executions')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('service', '=', service)
      .where('status', '=', 'starting')
      .where('id', '<', id)
      .executeTakeFirstOrThrow();
    places.set(id, Number(count));
  }
  return places;
}

/** How many wait for room before a session of each of these; of several that wait, the first counts. */
export async function placesForRoom(
  store: Store,
  rows: readonly { readonly id: string; readonly status: string }[],
  before: (session: string) => number | undefined,
): Promise<Map<string, number>> {
  const places = new Map<string, number>();
  const begun = rows.filter(({ status }) => status === 'running' || status === 'awaiting').map(({ id }) => id);
  if (begun.length === 0) return places;
  const waiting = await store.db
    .selectFrom('sessions')
    .select(['id', 'execution'])
    .where('execution', 'in', begun)
    .where('queued_at', 'is not', null)
    .execute();
  for (const { id, execution } of waiting) {
    const place = before(id);
    if (place !== undefined) places.set(execution, Math.min(place, places.get(execution) ?? place));
  }
  return places;
}
