import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cache, type FilledCache, filledCacheSchema } from '@airlock/protocol/caches';
import * as z from 'zod';

/** A cache that was filled to the end; `volume` is where. */
export type CacheRecord = FilledCache & { readonly volume: string };

const recordSchema = filledCacheSchema.omit({ usedAt: true }).extend({ volume: z.string() });

/** Names what a cache holds: whoever gets the same name gets the same. */
export function cacheId(
  { name, fill }: Pick<Cache, 'name' | 'fill'>,
  of: { readonly home: string; readonly service: string; readonly image: string },
): string {
  const all = JSON.stringify([of.home, of.service, name, fill, of.image]);
  return createHash('sha256').update(all).digest('hex').slice(0, 16);
}

/** The caches of a home that were filled to the end: a file each, written last, whose time is when it was last used. */
export interface CacheRecords {
  find(id: string): CacheRecord | undefined;
  list(): CacheRecord[];
  write(record: Omit<CacheRecord, 'usedAt'>): void;
  /** It is used now. A disk that does not take it does no harm. */
  touch(id: string, now: Date): void;
  remove(id: string): void;
}

export function createCacheRecords(folder: string): CacheRecords {
  const pathOf = (id: string) => join(folder, `${id}.json`);

  function find(id: string): CacheRecord | undefined {
    try {
      const known = recordSchema.safeParse(JSON.parse(readFileSync(pathOf(id), 'utf8')));
      if (!known.success || known.data.id !== id) return undefined;
      return { ...known.data, usedAt: statSync(pathOf(id)).mtime.toISOString() };
    } catch {
      // Missing, or nothing that was written here: it is filled again.
      return undefined;
    }
  }

  return {
    find,
    list() {
      mkdirSync(folder, { recursive: true });
      return readdirSync(folder).flatMap((file) => find(file.replace(/\.json$/, '')) ?? []);
    },
    write(record) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${pathOf(record.id)}.new`, `${JSON.stringify(record)}\n`, { mode: 0o600, flush: true });
      renameSync(`${pathOf(record.id)}.new`, pathOf(record.id));
    },
    touch(id, now) {
      try {
        utimesSync(pathOf(id), now, now);
      } catch {
        // Then it is as old as it was.
      }
    },
    remove: (id) => rmSync(pathOf(id), { force: true }),
  };
}

const day = 24 * 60 * 60_000;
const unusedMs = 30 * day;
/** Of another image than the one in use: nothing asks for it unless that comes back. */
const otherImageMs = day;

/** Whether nobody is likely to want a cache again. */
export function isStale({ image, usedAt }: CacheRecord, now: Date, inUse: string): boolean {
  return now.getTime() - Date.parse(usedAt) > (image === inUse ? unusedMs : otherImageMs);
}
