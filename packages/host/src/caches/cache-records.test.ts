import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cacheId, createCacheRecords, isStale } from './cache-records.ts';

const wheels = { name: 'wheels', fill: ['pip', 'download', 'requests'] as [string, ...string[]] };
const of = { home: 'h', service: 's', image: 'sha256:1' };
const id = cacheId(wheels, of);
const filledAt = '2030-01-01T00:00:00.000Z';
const record = { id, ...wheels, service: 's', image: 'sha256:1', bytes: 1024, filledAt, volume: 'airlock-cache-1' };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'airlock-caches-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the name of a cache', () => {
  it('changes with everything that decides what is in it, and with nothing else', () => {
    const others = [
      cacheId({ ...wheels, name: 'other' }, of),
      cacheId({ ...wheels, fill: ['pip', 'download requests'] }, of),
      cacheId(wheels, { ...of, home: 'i' }),
      cacheId(wheels, { ...of, service: 't' }),
      cacheId(wheels, { ...of, image: 'sha256:2' }),
    ];
    expect(new Set([id, ...others]).size).toBe(6);
    expect(cacheId({ ...wheels, env: { CACHE_X: '1' } } as typeof wheels, { ...of })).toBe(id);
    expect(id).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('what is known of caches', () => {
  it('outlives the host, with when each was last used', () => {
    const records = createCacheRecords(join(folder, 'caches'));
    expect([records.list(), records.find(id)]).toEqual([[], undefined]);
    records.write(record);
    records.touch(id, new Date('2030-02-01T00:00:00Z'));
    const again = createCacheRecords(join(folder, 'caches'));
    expect(again.list()).toEqual([{ ...record, usedAt: '2030-02-01T00:00:00.000Z' }]);
    expect(readdirSync(join(folder, 'caches'))).toEqual([`${id}.json`]);
    again.remove(id);
    again.touch(id, new Date());
    expect(records.list()).toEqual([]);
  });

  it('is nothing where a file is of something else', () => {
    const records = createCacheRecords(folder);
    writeFileSync(join(folder, `${id}.json`), '{"id":');
    expect([records.list(), records.find(id)]).toEqual([[], undefined]);
    writeFileSync(join(folder, `${id}.json`), JSON.stringify({ ...record, id: '0123456789abcdef' }));
    expect([records.list(), records.find(id)]).toEqual([[], undefined]);
  });
});

describe('a cache nobody has used', () => {
  it.each([
    ['for 30 days', 'sha256:1', 30, false],
    ['for longer', 'sha256:1', 30.1, true],
    ['for a day, of another image', 'sha256:2', 1, false],
    ['for longer, of another image', 'sha256:2', 1.1, true],
  ])('%s goes: %s %d days → %s', (_, inUse, days, goes) => {
    const now = new Date(Date.parse(filledAt) + days * 24 * 60 * 60_000);
    expect(isStale({ ...record, usedAt: filledAt }, now, inUse)).toBe(goes);
  });
});
