import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addExecution } from '../log/fixtures.ts';
import { createLog } from '../log/log.ts';
import type { ContainerSpec, Placement } from '../placement/placement.ts';
import { newId } from '../store/ids.ts';
import { temporaryStore } from '../store/temporary.ts';
import { openSession } from './open-session.ts';
import { createPool, type Pool } from './pool.ts';
import { createRoom, type Room } from './room.ts';
import { newSessionRow } from './session-row.ts';
import { kindOf } from './session-spec.ts';
import { createSpares, type Spares } from './spares.ts';

const gibibyte = 1024 ** 3;
const image = { reference: 'image:1', digest: 'sha256:1' };
const options = { model: 'one' };
const given = JSON.stringify(options);
const row = { id: 'x', grants: null, token: '' };
const kind = (of: object) => kindOf({ ...row, options: JSON.stringify(of) }, 's');

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let spares: Spares;
let room: Room;
let pool: Pool;
let now: number;
let inUse: typeof image;
let started: ContainerSpec[];
let removed: string[];
/** Whether the caches of services are. */
let filled: boolean;
/** What the engine does when a container is started. */
let starting: () => Promise<void>;

beforeEach(async () => {
  temporary = await temporaryStore();
  now = Date.parse('2030-01-01T00:00:00Z');
  inUse = image;
  started = [];
  removed = [];
  filled = true;
  starting = () => Promise.resolve();
  const { store } = temporary;
  const clock = () => new Date(now);
  const log = createLog(store, clock);
  spares = createSpares({ store, home: 'home', clock });
  room = createRoom({ store, log, clock, budget: { cpus: 100, memoryBytes: 3 * gibibyte } });
  pool = createPool({
    caches: {
      areFilled: async () => filled,
      use: (wanted, work) => work(wanted.caches.map(({ name }) => ({ name, volume: `${wanted.service} ${name}` }))),
    },
    store,
    spares,
    room,
    clock,
    image: () => inUse,
    logger: { debug: () => undefined, warn: () => undefined },
    most: 2,
    placement: {
      start: async (spec: ContainerSpec) => {
        await starting();
        started.push(spec);
        return { id: `container ${started.length}`, session: spec.session.session };
      },
      remove: async (id: string) => void removed.push(id),
      removeWorkspace: async (id: string) => void removed.push(`workspace ${id}`),
    } as unknown as Placement,
  });
});
afterEach(() => temporary.remove());

/** Opens a session, as a service does. */
async function open(of: object = options, name = 'main') {
  const { store } = temporary;
  const execution = await addExecution(store);
  const opening = {
    execution,
    name,
    options: of,
    image: inUse,
    now: new Date(now),
    spares,
    requireSecrets: () => undefined,
  };
  return await store.write((tx) =>
    openSession(
      tx,
      createLog(store, () => new Date(now)),
      opening,
    ),
  );
}
const rows = () => temporary.store.db.selectFrom('sessions').selectAll().execute();
const containers = async () => (await spares.list()).map(({ container }) => container);

async function opened(...all: object[]): Promise<void> {
  for (const each of all) pool.opened(JSON.stringify(each), 's');
  await pool.check();
}

describe('a spare', () => {
  it('W11. becomes the container of the session that is opened next, and of no other', async () => {
    await opened(options);
    expect(started).toMatchObject([{ image: 'image:1', isSpare: true, session: { model: 'one' } }]);
    const [spare] = await spares.list();
    const [first, second] = [await open(), await open()];
    expect(first).toMatchObject({ id: spare?.id, spare: 'container 1' });
    expect(second.spare).toBeNull();
    expect(second.id).not.toBe(spare?.id);
    const [taken] = await rows();
    expect(taken).toMatchObject({ container: 'container 1', token: spare?.token, state: 'starting' });
    expect(await spares.list()).toEqual([]);
  });

  it('W12. has the caches of its service, is of that service alone, and has nothing filled for it', async () => {
    const cached = { caches: [{ name: 'wheels', fill: ['pip'] as [string] }] };
    filled = false;
    await opened(cached);
    expect(started).toEqual([]);
    filled = true;
    await pool.check();
    expect(started.map(({ caches }) => caches)).toEqual([[{ name: 'wheels', volume: 's wheels' }]]);
    expect(kindOf({ ...row, options: JSON.stringify(cached) }, 't')).not.toBe(kind(cached));
    expect(kindOf({ ...row, options: given }, 't')).toBe(kind(options));
    expect(kind({ caches: [{ ...cached.caches[0], fill: ['npm'] }] })).not.toBe(kind(cached));
  });

  it('W11. cannot be taken before its container runs', async () => {
    const running = Promise.withResolvers<void>();
    starting = () => running.promise;
    pool.opened(given, 's');
    await expect.poll(async () => (await spares.list()).length).toBe(1);
    expect((await open()).spare).toBeNull();
    running.resolve();
    await pool.check();
    expect((await open()).spare).toBe('container 1');
  });

  it('W12. is for sessions whose containers are told and may take the same', async () => {
    await opened(options);
    for (const other of [{ model: 'two' }, { ...options, memoryBytes: 2 * gibibyte }, { ...options, cpus: 2 }]) {
      expect((await open(other)).spare).toBeNull();
    }
    expect((await open({ ...options, answerMs: 5, stallMs: 7, files: { a: 'text' } })).spare).toBe('container 1');
  });

  it('W12. of another image is not taken, and goes', async () => {
    await opened(options);
    inUse = { reference: 'image:1', digest: 'sha256:2' };
    expect((await open()).spare).toBeNull();
    await pool.check();
    expect(removed[0]).toBe('container 1');
    expect((await spares.list()).map(({ digest }) => digest)).toEqual(['sha256:2']);
  });

  it('W13. has no room when the machine is full, and goes when somebody waits', async () => {
    await opened(options);
    expect(await containers()).toEqual(['container 1']);
    const big = (id: string, memoryBytes: number) =>
      newSessionRow({ id, execution: 'x', name: id, image: 'image:1', token: 't' }, { memoryBytes });
    await room.hold(big('a', 2 * gibibyte));
    await opened({ model: 'two' }, options);
    expect(await containers()).toEqual(['container 1']);
    const waits = await room.enter({ ...big(newId(), gibibyte), execution: await addExecution(temporary.store) });
    expect(waits).toBeDefined();
    await pool.check();
    await waits?.admitted;
    expect([await containers(), removed[0]]).toEqual([[], 'container 1']);
  });

  it('W14. that an earlier host left is forgotten, so that its container is nobody’s', async () => {
    await opened(options);
    await pool.begin();
    expect(await spares.list()).toEqual([]);
  });
});

describe('the pool', () => {
  it('is filled again, keeps what is wanted most, and is bounded', async () => {
    await opened(options, { model: 'two' }, { model: 'three' });
    const kinds = (await spares.list()).map((spare) => spare.kind);
    expect(kinds.toSorted()).toEqual([kind({ model: 'two' }), kind({ model: 'three' })].toSorted());
    expect(await pool.size()).toEqual({ count: 2, memoryBytes: 2 * gibibyte });
    await open({ model: 'three' });
    await opened({ model: 'three' });
    expect(await pool.size()).toMatchObject({ count: 2 });
  });

  it('replaces what has grown old, and lets go of what nobody wants', async () => {
    await opened(options);
    now += 25 * 60_000;
    await pool.check();
    expect(removed).toContain('container 1');
    expect(await containers()).toEqual(['container 2']);
    now += 6 * 60_000;
    await pool.check();
    expect(await containers()).toEqual([]);
  });

  it('rests after a start has failed, and tries again', async () => {
    starting = () => Promise.reject(new Error('no'));
    await opened(options);
    starting = () => Promise.resolve();
    await pool.check();
    expect(await spares.list()).toEqual([]);
    now += 31_000;
    await pool.check();
    expect(await containers()).toEqual(['container 1']);
  });

  it('knows after a start what was opened before', async () => {
    await open({ model: 'before' });
    await pool.begin();
    await pool.check();
    expect(started.map(({ session }) => session.model)).toEqual(['before']);
  });

  it('removes all when it is closed, one that is just being started, too', async () => {
    await opened(options);
    const running = Promise.withResolvers<void>();
    starting = () => running.promise;
    pool.opened(JSON.stringify({ model: 'two' }), 's');
    await expect.poll(async () => (await spares.list()).length).toBe(2);
    const closed = pool.close();
    running.resolve();
    await closed;
    expect(await spares.list()).toEqual([]);
    expect(removed.filter((name) => name.startsWith('container')).toSorted()).toEqual(['container 1', 'container 2']);
    await opened({ model: 'three' });
    expect(await spares.list()).toEqual([]);
  });
});
