import type { SessionOptions } from '@airlock/protocol/service-channel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addExecution } from '../log/fixtures.ts';
import { createLog, type Log } from '../log/log.ts';
import type { Placement } from '../placement/placement.ts';
import { newId } from '../store/ids.ts';
import { temporaryStore } from '../store/temporary.ts';
import type { Links } from './links.ts';
import type { Losses } from './losses.ts';
import { createRoom, type Room } from './room.ts';
import { newSessionRow, type SessionRow } from './session-row.ts';
import { createSleeper } from './sleeper.ts';
import { createStallWatch } from './stall-watch.ts';
import { rowsIn, takeUp } from './take-up.ts';

const now = new Date('2030-01-01T12:00:00.000Z');
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000).toISOString();
const fence = { host: 'h', epochOf: () => undefined };
const gibibyte = 1024 ** 3;

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let log: Log;
let execution: string;

beforeEach(async () => {
  temporary = await temporaryStore();
  log = createLog(temporary.store, () => now);
  execution = await addExecution(temporary.store);
  await temporary.store.write((tx) => tx.db.updateTable('executions').set({ owner: 'h' }).execute());
});
afterEach(() => temporary.remove());

/** Room for so many sessions of the usual size. */
const roomFor = (sessions: number): Room =>
  createRoom({
    store: temporary.store,
    log,
    clock: () => now,
    budget: { cpus: sessions, memoryBytes: sessions * gibibyte },
  });

async function add(values: Partial<SessionRow> = {}, options: SessionOptions = {}): Promise<SessionRow> {
  const id = newId();
  const row = { ...newSessionRow({ id, execution, name: id, image: 'i', token: 't' }, options), ...values };
  await temporary.store.write((tx) => tx.db.insertInto('sessions').values(row).execute());
  return row;
}

const find = (id: string) =>
  temporary.store.db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
const queued = async () =>
  (await log.read(execution, 0, 100)).flatMap(({ payload }) =>
    'state' in payload && payload.state === 'queued' ? [payload.detail] : [],
  );

describe('room for containers', () => {
  it('tells people once how many are before a session, and keeps since when it waits', async () => {
    const room = roomFor(1);
    const [first, second, third] = [await add(), await add(), await add()];
    expect(await room.enter(first)).toBeUndefined();
    const waits = await room.enter(second);
    await room.enter(third);
    await room.enter(await find(third.id));
    expect(await queued()).toEqual(['0 before it', '1 before it']);
    expect((await find(third.id)).queued_at).toBe(now.toISOString());
    room.leave(first.id);
    await waits?.admitted;
    expect([room.before(second.id), room.before(third.id)]).toEqual([undefined, 0]);
    expect(await room.enter(second)).toBeUndefined();
  });

  it('refuses a session that is larger than all there is, and says how much that is', () => {
    const room = roomFor(2);
    room.check({ cpus: 2, memoryBytes: 2 * gibibyte });
    for (const options of [{ cpus: 2.1 }, { memoryBytes: 2 * gibibyte + 1 }]) {
      expect(() => room.check(options)).toThrow(expect.objectContaining({ code: 'session_too_large' }));
    }
    expect(() => room.check({ cpus: 4 })).toThrow(/4 CPUs .* may have 2 and/);
  });

  it('Q13. is as it was after a restart', async () => {
    const room = roomFor(2);
    const running = await add({ state: 'live', container: 'c' });
    const late = await add({ queued_at: ago(10) });
    const never = await add();
    const early = await add({ queued_at: ago(20) });
    await add({ losses: 2 });
    await add({ state: 'hibernated' });
    const taken: string[] = [];
    const links = { connect: (id: string) => taken.push(id) } as unknown as Links;
    const states = ['starting', 'live', 'hibernating', 'ending'] as const;
    await takeUp(await rowsIn({ store: temporary.store, fence }, states), {
      store: temporary.store,
      fence,
      room,
      links,
      stalls: createStallWatch(() => 0),
      onEnding: () => undefined,
    });
    const before = [running, early, late, never].map(({ id }) => room.before(id));
    expect(before).toEqual([undefined, undefined, 0, 1]);
    expect(await queued()).toEqual(['1 before it']);
    expect(taken).toHaveLength(5);
  });
});

it.each([{}, { atOnce: 1 }])('a session that leaves while it is given room has none: %o', async (options) => {
  const room = roomFor(1);
  const row = await add({}, options);
  const holding = room.hold(row);
  room.leave(row.id);
  await holding;
  expect(await room.enter(await add({}, options))).toBeUndefined();
});

describe('the sleeper', () => {
  let told: string[];

  async function look(room: Room): Promise<string[]> {
    told = [];
    const sleeper = createSleeper({
      store: temporary.store,
      placement: { inspect: () => Promise.resolve({ kind: 'running' }) } as unknown as Placement,
      fence,
      clock: () => now,
      losses: {
        asleep: (id: string) => Promise.resolve(void told.push(`forced ${id}`)),
      } as unknown as Losses,
      logger: { debug: () => undefined, warn: () => undefined },
      links: {
        pump: (id: string) => told.push(id),
        disconnect: () => Promise.resolve(),
      } as unknown as Links,
      room,
    });
    await sleeper();
    return told;
  }

  const idle = (seconds: number, options: SessionOptions = {}) =>
    add({ state: 'live', container: newId(), idle_at: ago(seconds) }, options);

  it('H14. tells those to end that have been idle for their time, each its own', async () => {
    const long = await idle(601);
    const short = await idle(31, { hibernateMs: 30_000 });
    await idle(599);
    await idle(9_999, { hibernateMs: 0 });
    expect(await look(roomFor(9))).toEqual([long.id, short.id]);
    expect((await find(long.id)).state).toBe('hibernating');
    expect(await look(roomFor(9))).toEqual([]);
  });

  it('H14. makes room for those who wait, the longest idle first, and no more than they need', async () => {
    const room = roomFor(3);
    const rows = [await idle(30), await idle(50), await idle(40, { hibernateMs: 0 }), await idle(1)];
    for (const row of rows) await room.hold(row);
    await room.enter(await add());
    expect(room.lacking()).toEqual({ cpus: 2, memoryBytes: 2 * gibibyte });
    expect(await look(room)).toEqual([rows[1]?.id, rows[0]?.id]);
    expect(await look(room)).toEqual([]);
    for (const row of rows) room.leave(row.id);
  });

  it('H14. makes room in a service that has as many as it wants, and nowhere else', async () => {
    const room = roomFor(9);
    const few = { atOnce: 2 };
    const rows = [await idle(30, few), await idle(50, few), await idle(60)];
    for (const row of rows) await room.hold(row);
    const waiting = await add({}, few);
    expect(await room.enter(waiting)).toBeDefined();
    expect([room.lacking(), room.before(waiting.id)]).toEqual([undefined, 0]);
    expect(await look(room)).toEqual([rows[1]?.id]);
    expect(await look(room)).toEqual([]);
    room.leave(rows[1]?.id ?? '');
    expect(room.before(waiting.id)).toBeUndefined();
  });

  it('H13. removes the container of one that does not end and is not heard of any more', async () => {
    const stuck = await add({ state: 'hibernating', container: 'c', idle_at: ago(11 * 60) });
    await add({ state: 'hibernating', container: 'd', idle_at: ago(60) });
    await look(roomFor(9));
    await expect.poll(() => told).toEqual([`forced ${stuck.id}`]);
  });
});
