import { servicePolicySchema } from '@airlock/protocol/service-channel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addExecution } from '../log/fixtures.ts';
import { createLog } from '../log/log.ts';
import { newSessionRow } from '../sessions/session-row.ts';
import { newId } from '../store/ids.ts';
import { temporaryStore } from '../store/temporary.ts';
import { stillTimers } from '../timers/fixtures.ts';
import { admit, placesForRoom, placesInQueue } from './queue.ts';

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
beforeEach(async () => {
  temporary = await temporaryStore();
});
afterEach(() => temporary.remove());

const clock = () => new Date(1_000);

/** Launches them without letting any begin. */
async function queue(...owners: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const owner of owners) {
    const id = await addExecution(temporary.store);
    await temporary.store.write((tx) =>
      tx.db.updateTable('executions').set({ status: 'starting', owner }).where('id', '=', id).execute(),
    );
    ids.push(id);
  }
  return ids;
}

function admitAs(host: string, policy: { maxConcurrent?: number; executionMs?: number }): Promise<string[]> {
  const { store } = temporary;
  const log = createLog(store, clock);
  const sinks = { log, timers: stillTimers(store, clock), clock, host };
  return store.write((tx) => admit(tx, 'test', servicePolicySchema.parse(policy), sinks));
}

const end = (id: string) =>
  temporary.store.write((tx) =>
    tx.db.updateTable('executions').set({ status: 'finished' }).where('id', '=', id).execute(),
  );

describe('the queue of a service', () => {
  it('Q1. lets no more begin than may, on all hosts together', async () => {
    const ids = await queue('a', 'b', 'a', 'a');
    expect(await admitAs('a', { maxConcurrent: 2 })).toEqual([ids[0]]);
    expect(await admitAs('b', { maxConcurrent: 2 })).toEqual([ids[1]]);
    expect(await admitAs('a', { maxConcurrent: 2 })).toEqual([]);
    await end(ids[1] ?? '');
    expect(await admitAs('a', { maxConcurrent: 2 })).toEqual([ids[2]]);
    expect(await admitAs('a', {})).toEqual([ids[3]]);
  });

  it('Q2. lets them begin in the order of their launches, and knows how many are before each', async () => {
    const ids = await queue('a', 'a', 'b', 'a');
    expect(await admitAs('a', { maxConcurrent: 1 })).toEqual([ids[0]]);
    const rows = await temporary.store.db.selectFrom('executions').selectAll().execute();
    expect([...(await placesInQueue(temporary.store, rows))]).toEqual([
      [ids[1], 0],
      [ids[2], 1],
      [ids[3], 2],
    ]);
    await end(ids[0] ?? '');
    await end(ids[1] ?? '');
    expect(await admitAs('a', { maxConcurrent: 1 })).toEqual([]);
  });

  it('gives an execution its time when it begins', async () => {
    const [id] = await queue('a');
    await admitAs('a', { executionMs: 5_000 });
    expect(await temporary.store.db.selectFrom('timers').selectAll().execute()).toEqual([
      { execution: id, kind: 'limit', ref: '', at: new Date(6_000).toISOString() },
    ]);
  });
});

describe('the line for room', () => {
  it('has a place for an execution that has begun, the first of its sessions that wait', async () => {
    const [id = '', other = ''] = await queue('a', 'a');
    await admitAs('a', { maxConcurrent: 1 });
    const places = new Map<string, number>();
    await temporary.store.write(async ({ db }) => {
      for (const place of [5, 3]) {
        const session = newId();
        places.set(session, place);
        const row = newSessionRow({ id: session, execution: id, name: `${place}`, image: 'i', token: 't' }, {});
        await db
          .insertInto('sessions')
          .values({ ...row, queued_at: clock().toISOString() })
          .execute();
      }
    });
    const rows = await temporary.store.db.selectFrom('executions').selectAll().execute();
    const before = (session: string) => places.get(session);
    expect([...(await placesForRoom(temporary.store, rows, before))]).toEqual([[id, 3]]);
    expect([...(await placesForRoom(temporary.store, rows, () => undefined))]).toEqual([]);
    expect([...(await placesInQueue(temporary.store, rows)).keys()]).toEqual([other]);
  });
});
