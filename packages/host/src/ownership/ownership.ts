import { AirlockError } from '@airlock/protocol/errors';
import { type ExpressionBuilder, sql } from 'kysely';
import { newId } from '../store/ids.ts';
import type { Schema } from '../store/schema.ts';
import type { Param } from '../store/statement.ts';
import type { Store, Tx } from '../store/store.ts';

/*
 * Which host runs an execution.
 *
 * O1. An execution has one owner, and a number, its epoch, that grows with every change of owner. Both change in one
 *     write with the check that the owner before is gone.
 * O2. A host writes to an execution only in a transaction that finds it as the owner, under the epoch it took it with.
 *     So a host that stalled, and lost the execution meanwhile, changes nothing.
 * O3. A host is gone when its lease is over, or when its installation has started again. Only an execution whose owner
 *     is gone is taken over; nothing in memory decides about that.
 */

/** What a write to an execution is checked against. */
export interface Fence {
  /** Names this process; another start is another host. */
  readonly host: string;
  /** The epoch under which this host has the execution; undefined when it has not, or the execution is over. */
  epochOf(execution: string): number | undefined;
}

export interface Ownership extends Fence {
  /** Makes this host known, and takes whatever has no owner. Resolves with the executions this host has then. */
  begin(): Promise<string[]>;
  /** The columns of an execution launched here; hold it from the commit on. */
  readonly launched: { readonly owner: string; readonly epoch: number };
  hold(execution: string): void;
  /** Extends the lease; resolves with the executions that were lost because it had run out. */
  renew(): Promise<string[]>;
  /** Takes over executions whose host is gone; resolves with them. */
  claim(): Promise<string[]>;
  /** The execution is over, and nothing of it is open. */
  forget(execution: string): void;
  /** Gives everything up, so that another host need not wait for the lease. */
  end(): Promise<void>;
}

interface OwnershipOptions {
  readonly store: Store;
  readonly clock: () => Date;
  /** Names the installation: what an earlier host of it left behind is free. */
  readonly home: string;
  /** How long a host counts as alive after it was last heard of, in milliseconds. */
  readonly leaseMs?: number;
}

const defaultLeaseMs = 15_000;

export function createOwnership({ store, clock, home, leaseMs = defaultLeaseMs }: OwnershipOptions): Ownership {
  const host = newId();
  const epochs = new Map<string, number>();

  const expiry = () => new Date(clock().getTime() + leaseMs).toISOString();

  async function register(tx: Tx): Promise<void> {
    const now = clock().toISOString();
    await tx.db
      .insertInto('hosts')
      .values({ id: host, home, started_at: now, expires_at: expiry() })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ expires_at: expiry() }))
      .execute();
  }

  /** O1, O3: takes every execution with something open whose owner is not among the hosts. */
  async function takeFree(tx: Tx): Promise<string[]> {
    const taken = await tx.db
      .updateTable('executions')
      .set((eb) => ({ owner: host, epoch: eb('epoch', '+', 1) }))
      .where((eb) => eb.or([eb('owner', 'is', null), eb('owner', 'not in', eb.selectFrom('hosts').select('id'))]))
      .where((eb) =>
        eb.or([
          eb('ended_at', 'is', null),
          eb(
            'id',
            'in',
            eb
              .selectFrom('sessions')
              .select('execution')
              .where('state', 'in', ['starting', 'live', 'hibernating', 'hibernated', 'ending']),
          ),
        ]),
      )
      .returning(['id', 'epoch'])
      .execute();
    tx.afterCommit(() => {
      for (const { id, epoch } of taken) epochs.set(id, epoch);
    });
    return taken.map(({ id }) => id);
  }

  return {
    host,
    epochOf: (execution) => epochs.get(execution),
    launched: { owner: host, epoch: 1 },
    hold: (execution) => void epochs.set(execution, 1),
    forget: (execution) => void epochs.delete(execution),

    begin: () =>
      store.write(async (tx) => {
        await tx.db.deleteFrom('hosts').where('home', '=', home).execute();
        await deleteExpired(tx, host, clock());
        await register(tx);
        return await takeFree(tx);
      }),

    renew: () =>
      store.write(async (tx) => {
        const renewed = await tx.db
          .updateTable('hosts')
          .set({ expires_at: expiry() })
          .where('id', '=', host)
          .executeTakeFirst();
        if (renewed.numUpdatedRows > 0n) return [];
        await register(tx);
        const rows = await tx.db.selectFrom('executions').select(['id', 'epoch']).where('owner', '=', host).execute();
        const kept = new Map(rows.map(({ id, epoch }) => [id, epoch]));
        const lost = [...epochs].flatMap(([id, epoch]) => (kept.get(id) === epoch ? [] : [id]));
        tx.afterCommit(() => {
          for (const id of lost) epochs.delete(id);
        });
        return lost;
      }),

    claim: () =>
      store.write(async (tx) => {
        await deleteExpired(tx, host, clock());
        return await takeFree(tx);
      }),

    async end() {
      await store.write(async (tx) => {
        await tx.db.deleteFrom('hosts').where('id', '=', host).execute();
      });
    },
  };
}

async function deleteExpired(tx: Tx, self: string, now: Date): Promise<void> {
  await tx.db.deleteFrom('hosts').where('expires_at', '<=', now.toISOString()).where('id', '!=', self).execute();
}

/** O2 as a condition on a row of `executions`. Without a fence there is one host, and it holds everything. */
export function isHeld(fence: Fence | undefined, execution: string) {
  return (eb: ExpressionBuilder<Schema, 'executions'>) => {
    if (!fence) return sql<boolean>`1 = 1`;
    const epoch = fence.epochOf(execution);
    const owned = eb('owner', '=', fence.host);
    return epoch === undefined ? owned : owned.and('epoch', '=', epoch);
  };
}

/** Values of `isHeldBy`; nulls where any host, or any epoch of the host, will do. */
export interface Holder {
  readonly host: string | null;
  readonly epoch: number | null;
}

export function holderOf(fence: Fence | undefined, execution: string): Holder {
  return { host: fence?.host ?? null, epoch: fence?.epochOf(execution) ?? null };
}

/** `isHeld` for statements compiled once. */
export function isHeldBy(param: Param<Holder>) {
  return ({ eb, and, or }: ExpressionBuilder<Schema, 'executions'>) =>
    and([
      or([eb(param('host'), 'is', null), eb('owner', '=', param('host'))]),
      or([eb(param('epoch'), 'is', null), eb('epoch', '=', param('epoch'))]),
    ]);
}

/** Why a write found no row to change. */
export async function whyNotHeld(tx: Tx, execution: string): Promise<AirlockError> {
  const row = await tx.db.selectFrom('executions').select('owner').where('id', '=', execution).executeTakeFirst();
  if (!row) return new AirlockError('not_found', `There is no execution ${execution}`);
  return new AirlockError('owned_elsewhere', `Execution ${execution} belongs to host ${row.owner ?? 'nobody'}`);
}

/** O2 for a write that appends no event. */
export async function requireHeld(tx: Tx, fence: Fence | undefined, execution: string): Promise<void> {
  const row = await tx.db
    .selectFrom('executions')
    .select('id')
    .where('id', '=', execution)
    .where(isHeld(fence, execution))
    .executeTakeFirst();
  if (!row) throw await whyNotHeld(tx, execution);
}
