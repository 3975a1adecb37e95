import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineClient } from '../engine/engine-client.ts';
import { cacheId, createCacheRecords } from './cache-records.ts';
import { type Caches, createCaches } from './caches.ts';

const image = { reference: 'image:1', digest: 'sha256:1' };
const record = {
  name: 'wheels',
  fill: ['pip'],
  service: 's',
  image: 'sha256:1',
  bytes: 1,
  filledAt: '2030-01-01T00:00:00.000Z',
};
const [used, unused] = ['0000000000000001', '0000000000000002'];

let folder: string;
let caches: Caches;
let volumes: string[];
let containers: { Id: string; Mounts: { Name?: string }[] }[];
let removed: string[];
/** What the engine does not do. */
let failing: 'containers' | 'volumes' | undefined;
let whileListing: () => void;
/** Volumes that containers have. */
let inUse: string[];
/** Volumes that are being made: what becomes of each. */
let made: PromiseWithResolvers<void>[];

const refusal = (statusCode: number) => Object.assign(new Error('refused'), { statusCode });
const client = {
  createVolume: async () => {
    const making = Promise.withResolvers<void>();
    made.push(making);
    await making.promise;
  },
  listContainers: async () => (failing === 'containers' ? Promise.reject(refusal(500)) : containers),
  listVolumes: async () => {
    whileListing();
    return failing === 'volumes' ? Promise.reject(refusal(500)) : { Volumes: volumes.map((Name) => ({ Name })) };
  },
  getContainer: (id: string) => ({ remove: async () => void removed.push(id) }),
  getVolume: (name: string) => ({
    inspect: async () => (volumes.includes(name) ? {} : Promise.reject(refusal(404))),
    async remove() {
      if (inUse.includes(name)) throw refusal(409);
      removed.push(name);
      volumes = volumes.filter((each) => each !== name);
    },
  }),
} as unknown as EngineClient;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'airlock-caches-'));
  [volumes, containers, removed, inUse, made, failing] = [['of-used', 'of-unused', 'half'], [], [], [], [], undefined];
  whileListing = () => undefined;
  const records = createCacheRecords(join(folder, 'caches'));
  records.write({ ...record, id: used, volume: 'of-used' });
  records.write({ ...record, id: unused, volume: 'of-unused' });
  records.touch(used, new Date('2030-03-01T00:00:00Z'));
  records.touch(unused, new Date('2030-01-01T00:00:00Z'));
  const logger = { info: () => undefined, warn: () => undefined };
  const clock = () => new Date('2030-03-02T00:00:00Z');
  caches = createCaches({ client, home: folder, installation: 'h', image: () => image, env: {}, clock, logger });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('caches that are looked through', () => {
  it('K32. lose what a crash left and what nobody has used for long, and no other', async () => {
    containers = [
      { Id: 'of-an-earlier-host', Mounts: [{ Name: 'half' }] },
      { Id: 'without-a-volume', Mounts: [] },
      { Id: 'left-when-it-had-ended', Mounts: [{ Name: 'of-used' }] },
    ];
    await caches.sweep();
    expect(removed).toEqual(['of-unused', 'of-an-earlier-host', 'without-a-volume', 'left-when-it-had-ended', 'half']);
    expect(caches.list().map(({ id }) => id)).toEqual([used]);
  });

  it('K33. keep one that was filled to its end meanwhile', async () => {
    whileListing = () => {
      createCacheRecords(join(folder, 'caches')).write({ ...record, id: '0000000000000003', volume: 'half' });
    };
    await caches.sweep();
    expect(removed).toEqual(['of-unused']);
  });

  it('K33. keep what a container has, and when it was used', async () => {
    inUse = ['of-unused', 'half'];
    const before = caches.list();
    await caches.sweep();
    expect(removed).toEqual([]);
    expect(caches.list()).toEqual(before);
    await expect(caches.remove(unused)).rejects.toMatchObject({ code: 'cache_in_use' });
    inUse = [];
    await caches.remove(unused);
    expect(removed).toEqual(['of-unused']);
    await expect(caches.remove(unused)).rejects.toMatchObject({ code: 'not_found' });
  });

  it.each(['containers', 'volumes'] as const)(
    'K34. lose nothing half-filled when the %s cannot be listed',
    async (what) => {
      failing = what;
      await caches.sweep();
      expect(removed).toEqual(['of-unused']);
    },
  );
});

describe('caches that are wanted', () => {
  const tools = { name: 'tools', fill: ['pip'] as [string] };
  const known = cacheId(tools, { home: 'h', service: 's', image: 'sha256:1' });
  let told: string[];
  beforeEach(() => {
    told = [];
  });
  const wanted = (signal = new AbortController().signal) => ({
    service: 's',
    caches: [tools],
    image: 'sha256:1',
    signal,
    onFilling: async (name: string) => void told.push(`filling ${name}`),
  });
  const use = (signal?: AbortSignal) => caches.use(wanted(signal), async (mounts) => mounts);

  it('K31. are filled once at a time, also when one of those who wait stops waiting', async () => {
    const stopping = new AbortController();
    const [one, two] = [use(stopping.signal), use()];
    await expect.poll(() => told).toEqual(['filling tools', 'filling tools']);
    stopping.abort(new Error('enough'));
    await expect(one).rejects.toThrow('enough');
    const three = use();
    await expect.poll(() => told).toHaveLength(3);
    expect(made).toHaveLength(1);
    made[0]?.reject(new Error('no room'));
    const refused = { code: 'cache_unfillable', detail: 'Cache tools: no room' };
    await Promise.all([two, three].map((each) => expect(each).rejects.toMatchObject(refused)));
    expect(await caches.areFilled(wanted())).toBe(false);
    // The next tries again.
    const four = use();
    await expect.poll(() => made).toHaveLength(2);
    const closed = caches.close();
    made[1]?.reject(new Error('no room'));
    await closed;
    await expect(four).rejects.toMatchObject(refused);
  });

  it('are filled two at a time, in the order they were wanted', async () => {
    const all = ['a', 'b', 'c'].map((name) =>
      caches.use({ ...wanted(), caches: [{ ...tools, name }] }, async () => name),
    );
    const ended = Promise.allSettled(all);
    await expect.poll(() => told).toEqual(['filling a', 'filling b', 'filling c']);
    expect(made).toHaveLength(2);
    made[0]?.reject(new Error('no room'));
    await expect.poll(() => made).toHaveLength(3);
    for (const each of made) each.reject(new Error('no room'));
    expect((await ended).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  });

  it('K33. stay while a container is started with them, and are used then', async () => {
    createCacheRecords(join(folder, 'caches')).write({ ...record, ...tools, id: known, volume: 'of-used' });
    const starting = Promise.withResolvers<void>();
    const started = caches.use(wanted(), async (mounts) => {
      await starting.promise;
      return mounts;
    });
    await expect(caches.remove(known)).rejects.toMatchObject({ code: 'cache_in_use' });
    starting.resolve();
    expect(await started).toEqual([{ name: 'tools', volume: 'of-used' }]);
    expect(caches.list().find(({ id }) => id === known)?.usedAt).toBe('2030-03-02T00:00:00.000Z');
    expect(told).toEqual([]);
    expect(await caches.areFilled(wanted())).toBe(true);
    await caches.remove(known);
    expect(await caches.areFilled(wanted())).toBe(false);
  });

  it('K30. are filled again when their volume is gone', async () => {
    createCacheRecords(join(folder, 'caches')).write({ ...record, ...tools, id: known, volume: 'removed by hand' });
    expect(await caches.areFilled(wanted())).toBe(false);
    const again = use();
    await expect.poll(() => told).toEqual(['filling tools']);
    made[0]?.reject(new Error('no room'));
    await expect(again).rejects.toThrow('no room');
  });
});
