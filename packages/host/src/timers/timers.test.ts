import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addExecution } from '../log/fixtures.ts';
import { temporaryStore } from '../store/temporary.ts';
import { createTimers, type Timer, type Timers } from './timers.ts';

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let now: number;
let served: Timer[];
let execution: string;
let refuses: Set<string>;
let timers: Timers;
const quiet = { warn: () => undefined };

function make(host?: string): Timers {
  return createTimers({
    store: temporary.store,
    clock: () => new Date(now),
    handler: async (timer) => {
      if (refuses.has(timer.ref)) throw new RangeError('Not now');
      served.push(timer);
      await temporary.store.write((tx) => timers.clear(tx, timer));
    },
    logger: quiet,
    ...(host === undefined ? {} : { host }),
  });
}

beforeEach(async () => {
  temporary = await temporaryStore();
  execution = await addExecution(temporary.store);
  now = 1_000;
  served = [];
  refuses = new Set();
  timers = make();
});
afterEach(async () => {
  await timers.stop();
  await temporary.remove();
});

const set = (ref: string, at: number) =>
  temporary.store.write((tx) => timers.set(tx, { execution, kind: 'sleep', ref, at: new Date(at) }));
const left = async () => (await temporary.store.db.selectFrom('timers').select('ref').execute()).map(({ ref }) => ref);

describe('timers', () => {
  it('D1. are kept in the store until cleared, and go with their execution', async () => {
    await set('a', 5_000);
    await set('b', 5_000);
    await temporary.store.write((tx) => timers.clear(tx, { execution, kind: 'sleep', ref: 'a' }));
    timers = make();
    expect(await left()).toEqual(['b']);
    await temporary.store.write((tx) => tx.db.deleteFrom('executions').execute());
    expect(await left()).toEqual([]);
  });

  it('D2. fire at their time and not before, in the order of their times, once moved at the new one', async () => {
    await set('late', 3_000);
    await set('early', 2_000);
    await set('moved', 1_000);
    await set('moved', 9_000);
    await timers.tick();
    expect(served).toEqual([]);
    now = 3_000;
    await timers.tick();
    expect(served.map(({ ref }) => ref)).toEqual(['early', 'late']);
    expect(await left()).toEqual(['moved']);
  });

  it('D2. fire on the host that owns the execution alone', async () => {
    await set('a', 500);
    timers = make('another');
    await timers.tick();
    expect(served).toEqual([]);
    await temporary.store.write((tx) => tx.db.updateTable('executions').set({ owner: 'another' }).execute());
    await timers.tick();
    expect(served).toHaveLength(1);
  });

  it('D3. that cannot be served hold up no other, and stay', async () => {
    refuses.add('bad');
    await set('bad', 100);
    await set('good', 200);
    await timers.tick();
    expect(served.map(({ ref }) => ref)).toEqual(['good']);
    await set('next', 300);
    await timers.tick();
    expect(served.map(({ ref }) => ref)).toEqual(['good', 'next']);
    expect(await left()).toEqual(['bad']);
  });

  it('run by themselves once started, whenever one is set', async () => {
    const fired = Promise.withResolvers<void>();
    const loop = createTimers({
      store: temporary.store,
      clock: () => new Date(),
      handler: async (timer) => {
        await temporary.store.write((tx) => loop.clear(tx, timer));
        fired.resolve();
      },
      logger: quiet,
    });
    loop.start();
    const at = new Date(Date.now() + 30);
    await temporary.store.write((tx) => loop.set(tx, { execution, kind: 'sleep', ref: 'soon', at }));
    await fired.promise;
    expect(Date.now()).toBeGreaterThanOrEqual(at.getTime());
    await loop.stop();
  });
});
