import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { AirlockError } from '@airlock/protocol/errors';
import * as z from 'zod';
import { writeAll } from '../files/write-all.ts';
import { type Entry, type Kept, type Manifest, manifestSchema, noManifest } from './manifest.ts';

/*
 * What is kept of a session's workspace, in the folder of its execution, where no container reaches:
 *
 *   index.json      the moments, and how much is kept
 *   <n>.json.gz     what was there at a moment
 *   <n>.pack        bytes of files that were new then, one after another
 *
 * W21. What a moment names is there, whole, before the index names the moment.
 */

const indexSchema = z.object({
  /** Number of the newest manifest; 0: there is none, and nothing is in the workspace. */
  newest: z.number().int().nonnegative(),
  /** Manifest of the start; null until it was looked at. */
  start: z.number().int().nonnegative().nullable(),
  turns: z.array(
    z.object({
      /** Null: the workspace could not be looked at. */
      manifest: z.number().int().nonnegative().nullable(),
      at: z.iso.datetime(),
      changes: z.number().int().nonnegative(),
    }),
  ),
  /** Bytes in all packs. */
  packed: z.number().int().nonnegative(),
});
export type Index = z.infer<typeof indexSchema>;

export interface FileBytes {
  readonly entry: Entry;
  readonly bytes: AsyncIterable<Uint8Array>;
}

const zip = promisify(gzip);
const unzip = promisify(gunzip);

export class WorkspaceArchive {
  readonly #folder: string;
  #index: Index | undefined;
  /** The manifest written last, while there is room for it in memory. */
  #last: { readonly n: number; readonly manifest: WeakRef<Manifest> } | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async index(): Promise<Index> {
    this.#index ??= await this.#open();
    return this.#index;
  }

  async manifest(n: number): Promise<Manifest> {
    if (n === 0) return noManifest;
    const last = this.#last?.n === n ? this.#last.manifest.deref() : undefined;
    if (last) return last;
    const packed = await readFile(join(this.#folder, `${n}.json.gz`)).catch((cause: unknown) => {
      throw new AirlockError('not_found', 'What was in the workspace then is not kept any more', { cause });
    });
    return manifestSchema.parse(JSON.parse((await unzip(packed)).toString('utf8')));
  }

  /**
   * Puts bytes into pack `n`, one file after another, and returns where they are. A file that does not come as announced
   * is left out.
   */
  async pack(n: number, files: AsyncIterable<FileBytes>): Promise<Map<string, Kept>> {
    const path = join(this.#folder, `${n}.pack`);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const kept = new Map<string, Kept>();
    const out = await open(`${path}${partEnding}`, 'w', 0o600);
    let at = 0;
    try {
      for await (const { entry, bytes } of files) {
        const hash = createHash('sha256');
        const start = at;
        for await (const chunk of bytes) {
          hash.update(chunk);
          await out.writeFile(chunk);
          at += chunk.length;
        }
        if (at - start === entry.size) kept.set(entry.path, { hash: hash.digest('hex'), pack: n, start });
      }
      await out.sync();
    } finally {
      await out.close();
    }
    if (at === 0) await rm(`${path}${partEnding}`);
    else await rename(`${path}${partEnding}`, path);
    return kept;
  }

  /** Makes a manifest the newest if there is a new one, and the index what `change` makes of it (W21). */
  async commit(manifest: Manifest | undefined, change: (index: Index) => Index): Promise<void> {
    const before = await this.index();
    const n = before.newest + 1;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    if (manifest) {
      const path = join(this.#folder, `${n}.json.gz`);
      const file = await open(`${path}${partEnding}`, 'w', 0o600);
      try {
        await file.writeFile(await zip(JSON.stringify(manifest)));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${path}${partEnding}`, path);
      this.#last = { n, manifest: new WeakRef(manifest) };
    }
    const next = change({ ...before, newest: manifest ? n : before.newest });
    await writeAll(join(this.#folder, 'index.json'), JSON.stringify(next));
    this.#index = next;
    const isNamed = [next.newest, next.start, ...next.turns.map((turn) => turn.manifest)].includes(before.newest);
    if (!isNamed) await rm(join(this.#folder, `${before.newest}.json.gz`), { force: true });
  }

  /** Bytes that are kept, from `start` to `end` inclusive. */
  read({ kept, size }: { kept: Kept; size: number }, range = { start: 0, end: size - 1 }): Readable {
    if (size === 0) return Readable.from([]);
    const place = { start: kept.start + range.start, end: kept.start + range.end };
    return createReadStream(join(this.#folder, `${kept.pack}.pack`), place);
  }

  /** What a host that was killed has begun to write is nobody's. */
  async #open(): Promise<Index> {
    const names: readonly string[] = await readdir(this.#folder).catch(() => []);
    for (const name of names) if (name.endsWith(partEnding)) await rm(join(this.#folder, name), { force: true });
    if (!names.includes('index.json')) return { newest: 0, start: null, turns: [], packed: 0 };
    return indexSchema.parse(JSON.parse(await readFile(join(this.#folder, 'index.json'), 'utf8')));
  }
}

const partEnding = '.part';
