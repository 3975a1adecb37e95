import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cache, FilledCache } from '@airlock/protocol/caches';
import { AirlockError } from '@airlock/protocol/errors';
import type { EngineClient } from '../engine/engine-client.ts';
import { engineStatus, toEngineError } from '../engine/engine-error.ts';
import type { Environment } from '../engine/run-program.ts';
import { sessionLabels } from '../placement/container-config.ts';
import type { CacheMount, WorkerImage } from '../placement/placement.ts';
import { type CacheRecord, type CacheRecords, cacheId, createCacheRecords, isStale } from './cache-records.ts';
import { fillVolume } from './fill-volume.ts';
import { cacheKind, type FillLimits } from './filler-config.ts';

/*
 * Caches: engine volumes with packages that a service's own command has fetched, which its sessions can read.
 *
 * K30. Only a cache whose command has ended well is given to a session: that is written down last, in the home, under the
 *     name of a volume that no other fill has.
 * K31. However many sessions want a cache, it is filled once at a time.
 * K32. A fill that fails, is too large or too late leaves neither volume nor container; what a crash leaves is removed at
 *     the next start, whatever became of the command.
 * K33. A cache is not removed while a container is started with it, or has it.
 * K34. A list that cannot be read is not an empty one: nothing is removed on it.
 */

export interface Caches {
  /** Rejects with `cache_unfillable`, and with the reason of `signal`. While `work` runs the caches stay. */
  use<T>(wanted: Wanted, work: (mounts: readonly CacheMount[]) => Promise<T>): Promise<T>;
  /** Whether nothing would have to be filled. */
  areFilled(wanted: Pick<Wanted, 'service' | 'caches' | 'image'>): Promise<boolean>;
  list(): FilledCache[];
  /** Rejects with `not_found` and `cache_in_use`. */
  remove(id: string): Promise<void>;
  /** Removes what nobody wants any more, and what an earlier host has left. Does not reject. */
  sweep(): Promise<void>;
  /** Ends what is being filled. */
  close(): Promise<void>;
}

export interface Wanted {
  readonly service: string;
  readonly caches: readonly Cache[];
  /** The engine's id of the image of the session. */
  readonly image: string;
  readonly signal: AbortSignal;
  /** It has to wait for the cache of this name. */
  readonly onFilling: (name: string) => Promise<void>;
}

interface CachesOptions {
  readonly client: EngineClient;
  /** Of data. */
  readonly home: string;
  /** Names the installation, whose volumes these are. */
  readonly installation: string;
  readonly image: () => WorkerImage;
  readonly env: Environment;
  readonly clock: () => Date;
  readonly logger: { warn(fields: object, text: string): void; info(fields: object, text: string): void };
  readonly limits?: FillLimits;
}

const defaultLimits: FillLimits = { ms: 15 * 60_000, bytes: 5 * 1024 ** 3 };
/** Each takes a CPU and 2 GiB beside what sessions have; the others wait. */
const mostAtOnce = 2;
const closeMs = 5_000;

export function createCaches(options: CachesOptions): Caches {
  const { client, installation, clock, logger, limits = defaultLimits } = options;
  const records = createCacheRecords(join(options.home, 'caches'));
  const closing = new AbortController();
  const fills = new Map<string, Promise<CacheRecord>>();
  const line = createLine(mostAtOnce);
  /** Volumes that are being filled. */
  const unfinished = new Set<string>();
  /** How many containers are being started with a cache. */
  const held = new Map<string, number>();

  const idOf = ({ service, image }: Pick<Wanted, 'service' | 'image'>, cache: Cache) =>
    cacheId(cache, { home: installation, service, image });

  async function isThere({ volume }: CacheRecord): Promise<boolean> {
    try {
      await client.getVolume(volume).inspect();
      return true;
    } catch (thrown) {
      if (engineStatus(thrown) === 404) return false;
      throw toEngineError(thrown, `Volume ${volume}`, 'container_failed');
    }
  }

  async function fill(id: string, { name, fill: command }: Cache, { service, image }: Wanted): Promise<CacheRecord> {
    const volume = `airlock-cache-${id}-${randomBytes(4).toString('hex')}`;
    unfinished.add(volume);
    const leave = await line.enter();
    try {
      closing.signal.throwIfAborted();
      logger.info({ service, name, volume }, 'Filling a cache');
      const spec = { id, name, fill: command, volume, image };
      const bytes = await fillVolume(spec, { client, home: installation, env: options.env, limits }, closing.signal);
      const filledAt = clock().toISOString();
      const record = { ...spec, service, bytes, filledAt };
      records.write(record);
      return { ...record, usedAt: filledAt };
    } catch (error) {
      logger.warn({ service, name, error }, 'A cache could not be filled');
      throw error;
    } finally {
      leave();
      unfinished.delete(volume);
      fills.delete(id);
    }
  }

  /** K31: between looking for a fill and beginning one nothing else runs. */
  function fillOnce(id: string, cache: Cache, wanted: Wanted): Promise<CacheRecord> {
    const known = fills.get(id) ?? fill(id, cache, wanted);
    fills.set(id, known);
    return known;
  }

  async function ensure(id: string, cache: Cache, wanted: Wanted): Promise<CacheMount> {
    const known = records.find(id);
    if (known && (await isThere(known))) return { name: cache.name, volume: known.volume };
    wanted.signal.throwIfAborted();
    const filling = fillOnce(id, cache, wanted);
    // Whoever stops waiting leaves it to the others, and to the next.
    filling.catch(() => undefined);
    await wanted.onFilling(cache.name);
    const { volume } = await orAborted(filling, wanted.signal);
    return { name: cache.name, volume };
  }

  /** K33: nobody is given it from now on, and the engine itself refuses to remove what a container has. */
  async function remove(record: CacheRecord): Promise<void> {
    const { id, volume, usedAt } = record;
    if (held.has(id)) throw new AirlockError('cache_in_use', 'A container is being started with it');
    records.remove(id);
    try {
      await client.getVolume(volume).remove();
    } catch (thrown) {
      const status = engineStatus(thrown);
      if (status === 404) return;
      if (!records.find(id)) {
        records.write(record);
        records.touch(id, new Date(usedAt));
      }
      if (status === 409) throw new AirlockError('cache_in_use', 'A container has it');
      throw toEngineError(thrown, `Volume ${volume}`, 'container_failed');
    }
  }

  async function removeStale(): Promise<void> {
    const { digest } = options.image();
    for (const record of records.list()) {
      if (!isStale(record, clock(), digest)) continue;
      await remove(record).then(
        () => logger.info({ service: record.service, name: record.name }, 'A cache nobody has used was removed'),
        // It is in use, or the engine is away.
        () => undefined,
      );
    }
  }

  return {
    async use(wanted, work) {
      const all = wanted.caches.map((cache) => [idOf(wanted, cache), cache] as const);
      for (const [id] of all) held.set(id, (held.get(id) ?? 0) + 1);
      try {
        const mounts: CacheMount[] = [];
        for (const [id, cache] of all) mounts.push(await ensure(id, cache, wanted));
        for (const [id] of all) records.touch(id, clock());
        return await work(mounts);
      } finally {
        for (const [id] of all) {
          const left = (held.get(id) ?? 1) - 1;
          if (left === 0) held.delete(id);
          else held.set(id, left);
        }
      }
    },

    async areFilled(wanted) {
      for (const cache of wanted.caches) {
        const known = records.find(idOf(wanted, cache));
        if (!known || !(await isThere(known))) return false;
      }
      return true;
    },

    list: () => records.list().map(({ volume: _, ...cache }) => cache),

    async remove(id) {
      const record = records.find(id);
      if (!record) throw new AirlockError('not_found', `There is no cache ${id}`);
      await remove(record);
    },

    async sweep() {
      try {
        await removeStale();
        await removeLeftovers(client, installation, {
          isWhole: (volume) => isWhole(records, volume),
          isFilling: (volume) => unfinished.has(volume),
        });
      } catch (error) {
        logger.warn({ error }, 'Caches could not be looked through; the next look tries again');
      }
    },

    async close() {
      closing.abort(new AirlockError('host_stopping', 'The host stopped while a cache was being filled'));
      // An engine that does not answer must not keep the host from ending: the next start removes what is left.
      const ended = Promise.allSettled(fills.values());
      await Promise.race([ended, delay(closeMs, undefined, { ref: false })]);
    },
  };
}

interface Kept {
  /** Whether it is the volume of a cache that was filled to the end: no container of ours has it any more. */
  readonly isWhole: (volume: string) => boolean;
  /** Whether this host fills it now. */
  readonly isFilling: (volume: string) => boolean;
}

/** Removes the volumes of other fills, and the containers, which may still run. Fills begin and end meanwhile. */
async function removeLeftovers(client: EngineClient, home: string, { isWhole, isFilling }: Kept): Promise<void> {
  const label = [`${sessionLabels.home}=${home}`, `${sessionLabels.kind}=${cacheKind}`];
  const containers = await client.listContainers({ all: true, filters: { label } });
  for (const { Id, Mounts } of containers) {
    if (Mounts.some(({ Name }) => Name !== undefined && isFilling(Name))) continue;
    await client.getContainer(Id).remove({ force: true, v: true }).catch(unlessLater);
  }
  const { Volumes } = await client.listVolumes({ filters: { label } });
  for (const { Name } of Volumes ?? []) {
    if (!isWhole(Name) && !isFilling(Name)) await client.getVolume(Name).remove().catch(unlessLater);
  }
}

/** Removes what fills caches of an installation no host runs on. */
export async function removeFillers(client: EngineClient, home: string, folder: string): Promise<void> {
  const records = createCacheRecords(join(folder, 'caches'));
  await removeLeftovers(client, home, { isWhole: (volume) => isWhole(records, volume), isFilling: () => false });
}

function isWhole(records: CacheRecords, name: string): boolean {
  return records.list().some(({ volume }) => volume === name);
}

/** One that is gone needs no removal; one that a container has, or that is being removed, goes by the next look. */
function unlessLater(thrown: unknown): void {
  const status = engineStatus(thrown);
  if (status !== 404 && status !== 409) throw thrown;
}

/** Lets so many in at once, in the order they came. */
function createLine(most: number): { enter(): Promise<() => void> } {
  let inside = 0;
  const waiting: (() => void)[] = [];
  function leave(): void {
    const next = waiting.shift();
    if (next) next();
    else inside -= 1;
  }
  return {
    async enter() {
      if (inside < most) inside += 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      return leave;
    },
  };
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
