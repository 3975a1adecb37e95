import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Wanted } from '../caches/caches.ts';
import type { Inbox } from '../inbox/inbox.ts';
import { addExecution } from '../log/fixtures.ts';
import { createLog } from '../log/log.ts';
import type { CacheMount } from '../placement/placement.ts';
import { newId } from '../store/ids.ts';
import { temporaryStore } from '../store/temporary.ts';
import { createSessionCaches } from './session-caches.ts';
import { newSessionRow, type SessionRow } from './session-row.ts';
import { createStallCheck } from './stall-check.ts';
import { createStallWatch } from './stall-watch.ts';

const caches = [{ name: 'wheels', fill: ['pip'] as [string] }];
const mount = { name: 'wheels', volume: 'v' };
const signal = new AbortController().signal;

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let execution: string;
let filled: PromiseWithResolvers<void>;
let asked: Wanted[];

beforeEach(async () => {
  temporary = await temporaryStore();
  execution = await addExecution(temporary.store);
  filled = Promise.withResolvers();
  asked = [];
});
afterEach(() => temporary.remove());

function rig() {
  const { store } = temporary;
  const log = createLog(store, () => new Date());
  const parts = createSessionCaches({
    store,
    log,
    logger: { debug: () => undefined, warn: () => undefined },
    caches: {
      async use(wanted, work) {
        asked.push(wanted);
        await wanted.onFilling('wheels');
        await filled.promise;
        return await work([mount]);
      },
    },
  });
  return { ...parts, log };
}

function rowOf(options: object): SessionRow {
  return newSessionRow({ id: newId(), execution, name: 'main', image: 'i:1', digest: 'sha256:1', token: 't' }, options);
}

describe('the caches of a session', () => {
  it('are those of its service and image, and people are told when they are filled', async () => {
    const { withCaches, isFilling, log } = rig();
    const row = rowOf({ caches });
    const started = withCaches(row, signal, async (mounts: readonly CacheMount[]) => mounts);
    await expect.poll(() => log.read(execution, 0, 100)).toHaveLength(1);
    const { service } = await temporary.store.db.selectFrom('executions').select('service').executeTakeFirstOrThrow();
    expect(asked).toMatchObject([{ service, caches, image: 'sha256:1', signal }]);
    expect(await log.read(execution, 0, 100)).toMatchObject([
      { kind: 'session', payload: { session: row.id, state: 'starting', detail: 'Filling the cache wheels' } },
    ]);
    expect(isFilling(row.id)).toBe(true);
    filled.resolve();
    expect(await started).toEqual([mount]);
    expect(isFilling(row.id)).toBe(false);
  });

  it('may take their time: a turn that waits for them has not stalled', async () => {
    const { withCaches, isFilling } = rig();
    let now = 0;
    const stalls = createStallWatch(() => now);
    const failed: string[] = [];
    const inbox = { listOpen: async () => [] } as unknown as Inbox;
    const room = { before: () => undefined };
    const fail = async (id: string) => void failed.push(id);
    const check = createStallCheck({ store: temporary.store, inbox, stalls, room, isFilling, fail });
    const row = rowOf({ caches });
    stalls.begin(row.id, 1_000);
    const started = withCaches(row, signal, async () => undefined);
    await expect.poll(() => isFilling(row.id)).toBe(true);
    now = 10_000;
    await check();
    expect(failed).toEqual([]);
    filled.reject(new Error('no'));
    await expect(started).rejects.toThrow('no');
    now = 20_000;
    await check();
    expect(failed).toEqual([row.id]);
  });

  it('are nothing to wait for when there are none', async () => {
    const { withCaches } = rig();
    expect(await withCaches(rowOf({}), signal, async (mounts: readonly CacheMount[]) => mounts)).toEqual([]);
    expect(asked).toEqual([]);
  });
});
