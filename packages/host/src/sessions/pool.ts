import { setTimeout as delay } from 'node:timers/promises';
import type { SessionSpec } from '@airlock/protocol/wire';
import type { Caches } from '../caches/caches.ts';
import type { Placement, WorkerImage } from '../placement/placement.ts';
import type { SparesTable } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { createDemand, type Wanted } from './demand.ts';
import type { LinkDeps } from './link.ts';
import { needOf, type Room } from './room.ts';
import { newSessionRow, type SessionRow, settingsOf } from './session-row.ts';
import { kindOf, specOf } from './session-spec.ts';
import type { Spares } from './spares.ts';

/** Keeps spares ready for the kinds of sessions people open (W11–W14). */
export interface Pool {
  /** A session of this service was opened with these options. */
  opened(options: string, service: string): void;
  /** Starts what is missing and removes what is too old, not wanted, or in the way of those who wait for room. */
  check(): Promise<void>;
  /** What there is now, and the memory it may take, in bytes. */
  size(): Promise<{ readonly count: number; readonly memoryBytes: number }>;
  /** Learns from the sessions opened last, of an earlier host; forgets spares that host left. */
  begin(): Promise<void>;
  /** Removes all, and starts none any more. */
  close(): Promise<void>;
}

interface PoolOptions {
  readonly store: Store;
  readonly placement: Placement;
  readonly spares: Spares;
  readonly caches: Pick<Caches, 'use' | 'areFilled'>;
  readonly room: Pick<Room, 'holdSpare' | 'leave' | 'lacking'>;
  readonly clock: () => Date;
  readonly image: () => WorkerImage;
  readonly logger: LinkDeps['log'];
  /** Spares of all kinds together; 0: there are none. */
  readonly most: number;
}

/** Before its runner ends for want of a host. */
const oldMs = 20 * 60_000;
/** After a failed start nothing is tried for so long. */
const restMs = 30_000;
const closeMs = 5_000;
/** Sessions an earlier host has opened that are looked at. */
const lookedAt = 20;

export function createPool(options: PoolOptions): Pool {
  const { store, placement, spares, caches, room, clock, image, logger, most } = options;
  const closing = new AbortController();
  const demand = createDemand(() => clock().getTime());
  let isClosed = false;
  let restUntil = 0;
  let working: Promise<void> = Promise.resolve();

  async function remove(spare: SparesTable): Promise<void> {
    const dropped = await spares.drop(spare.id);
    if (!dropped) return;
    await discard(dropped.id, dropped.container);
  }

  async function discard(id: string, container: string | null): Promise<void> {
    try {
      if (container !== null) await placement.remove(container);
      await placement.removeWorkspace(id);
    } catch (error) {
      // The reaper comes by.
      logger.warn({ spare: id, error }, 'A spare could not be removed');
    }
    room.leave(id);
  }

  async function start({ kind, options: given, service }: Wanted): Promise<void> {
    const wanted = { service, caches: cachesOf(given), image: image().digest };
    // Nobody waits for a spare, so nothing is filled for it.
    if (!(await caches.areFilled(wanted))) return;
    const made = await spares.add(kind, image());
    const row = rowOf(made, given, image());
    if (!room.holdSpare(row)) {
      await spares.drop(made.id);
      return;
    }
    const { memoryBytes, workspaceBytes, cpus } = settingsOf(row);
    const session: SessionSpec = specOf(row, false);
    try {
      const spec = { image: row.image, session, memoryBytes, workspaceBytes, cpus, isSpare: true };
      const waiting = { signal: closing.signal, onFilling: async () => undefined };
      const { id: container } = await caches.use({ ...wanted, ...waiting }, (mounts) =>
        placement.start({ ...spec, caches: mounts }),
      );
      if (isClosed || !(await spares.started(made.id, container))) await discard(made.id, container);
    } catch (error) {
      restUntil = clock().getTime() + restMs;
      await spares.drop(made.id);
      room.leave(made.id);
      logger.warn({ error }, 'A container could not be started ahead of time');
    }
  }

  async function tidy(all: readonly SparesTable[]): Promise<SparesTable[]> {
    const wanted = new Map(demand.wanted(most).map(({ kind, count }) => [kind, count]));
    const kept: SparesTable[] = [];
    const isCrowded = room.lacking() !== undefined;
    // The youngest stay.
    for (const spare of all.toReversed()) {
      const left = wanted.get(spare.kind) ?? 0;
      const isOld = clock().getTime() - Date.parse(spare.made_at) > oldMs;
      if (isCrowded || isOld || left === 0 || spare.digest !== image().digest) {
        await remove(spare);
        continue;
      }
      wanted.set(spare.kind, left - 1);
      kept.push(spare);
    }
    return kept;
  }

  async function bringInLine(): Promise<void> {
    if (isClosed) return;
    const kept = await tidy(await spares.list());
    if (room.lacking() !== undefined || clock().getTime() < restUntil) return;
    for (const wanted of demand.wanted(most)) {
      const { kind, count } = wanted;
      for (let n = kept.filter((spare) => spare.kind === kind).length; n < count && !isClosed; n += 1) {
        await start(wanted);
      }
    }
  }

  function check(): Promise<void> {
    working = working.then(bringInLine).catch((error: unknown) => {
      logger.warn({ error }, 'The pool could not be brought in line; the next look tries again');
    });
    return working;
  }

  function note(given: string, service: string): void {
    // A spare would be one more of a service that wants no more.
    if (settingsOf({ id: 'opened', options: given }).atOnce !== undefined) return;
    demand.note(kindOf({ id: 'opened', options: given, grants: null, token: '' }, service), given, service);
  }

  return {
    check,
    opened(given, service) {
      if (most === 0) return;
      note(given, service);
      void check();
    },
    async size() {
      const all = (await spares.list()).filter(({ container }) => container !== null);
      const given = new Map(demand.wanted(most).map(({ kind, options: its }) => [kind, its]));
      const memory = all.map(({ id, kind }) => needOf({ id, options: given.get(kind) ?? '{}' }).memoryBytes);
      return { count: all.length, memoryBytes: memory.reduce((a, b) => a + b, 0) };
    },
    async begin() {
      await spares.clear();
      if (most === 0) return;
      const last = await store.db
        .selectFrom('sessions')
        .innerJoin('executions', 'executions.id', 'sessions.execution')
        .select(['sessions.options', 'executions.service'])
        .orderBy('sessions.id', 'desc')
        .limit(lookedAt)
        .execute();
      for (const { options: given, service } of last.reverse()) note(given, service);
    },
    async close() {
      isClosed = true;
      closing.abort();
      // An engine that does not answer must not keep the host from ending: the next start removes what is left.
      await Promise.race([working, delay(closeMs, undefined, { ref: false })]);
      for (const spare of await spares.list()) await remove(spare);
    },
  };
}

function cachesOf(given: string) {
  return settingsOf({ id: 'opened', options: given }).caches ?? [];
}

/** The session a spare could become. */
function rowOf({ id, token, digest }: SparesTable, options: string, { reference }: WorkerImage): SessionRow {
  return { ...newSessionRow({ id, execution: '', name: '', image: reference, digest, token }, {}), options };
}
