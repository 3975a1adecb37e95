import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync } from 'node:fs';
import { type FileHandle, open, readdir, readFile, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AirlockError } from '@airlock/protocol/errors';
import { type FileValue, maxFileBytes, sizeInWords } from '@airlock/protocol/files/file';
import { safePath } from '@airlock/protocol/files/names';
import * as z from 'zod';
import { newId } from '../store/ids.ts';
import { fromJson } from '../store/json.ts';
import { untilAborted, writeAt } from './bytes.ts';
import { writeAll } from './write-all.ts';

/*
 * Files on their way in, each in the pieces its sender likes, in order.
 *
 *   <home>/uploads/<id>        what has arrived
 *   <home>/uploads/<id>.json   what it is; with `sha256` once all of it has arrived and is on the disk
 *
 * J1. What has been acknowledged is in the file: a sender that was cut off goes on at its length.
 * J2. A piece that came with a checksum is taken whole and right, or not at all.
 * J3. One writer at a time: a new one takes the place of the old, which may hang on a dead connection.
 * J4. An upload that is not touched for a day is removed, arrived or not: executions have links of their own.
 */

const aboutSchema = z.strictObject({
  user: z.string(),
  name: z.string(),
  type: z.string(),
  size: z.number().int().nonnegative(),
  sha256: z.string().optional(),
});
type About = z.infer<typeof aboutSchema>;

export interface Upload extends Omit<About, 'user'> {
  readonly id: string;
  /** Bytes that have arrived. */
  readonly offset: number;
  readonly expiresAt: Date;
}

interface NewUpload {
  readonly user: string;
  /** As its sender calls it; made safe. */
  readonly name: string;
  readonly type: string;
  readonly size: number;
}

interface Piece {
  readonly id: string;
  readonly user: string;
  /** Where its sender thinks it begins. */
  readonly offset: number;
  readonly body: AsyncIterable<Uint8Array>;
  /** SHA-256 of the piece, if it came with one. */
  readonly sha256?: Buffer | undefined;
}

export interface Uploads {
  /** Throws `too_large`, or `disk_full` when there is no room for all of it. */
  create(upload: NewUpload): Promise<Upload>;
  /** How far it is; whoever asks goes on from there (J3). Throws `not_found`, also for what is another user's. */
  get(id: string, user: string): Promise<Upload>;
  /** Takes a piece. Throws `upload_conflict`, `upload_corrupt`, `too_large` or `disk_full`. */
  write(piece: Piece): Promise<Upload>;
  remove(id: string, user: string): Promise<void>;
  /** An upload as a value, and where its bytes are; undefined when it is not there, or not all of it. */
  arrived(id: string, user: string): Promise<{ readonly value: FileValue; readonly path: string } | undefined>;
  /** Removes what nobody has touched for a day. */
  sweep(): Promise<void>;
}

interface UploadsOptions {
  /** Folder for them, made when missing. */
  readonly folder: string;
  readonly clock: () => Date;
}

const keptMs = 24 * 60 * 60_000;
/** Most uploads of one user, and most bytes they may claim together. */
const mostUploads = 2_000;
const mostBytes = 4 * maxFileBytes;
/** Space left for everything else, in bytes. */
const reserve = 256 * 1024 ** 2;

export function createUploads({ folder, clock }: UploadsOptions): Uploads {
  const writers = new Map<string, { readonly stop: AbortController; readonly done: Promise<unknown> }>();
  mkdirSync(folder, { recursive: true, mode: 0o700 });

  const dataOf = (id: string) => join(folder, id);
  const aboutOf = (id: string) => join(folder, `${id}.json`);

  async function read(id: string): Promise<(Upload & { readonly user: string }) | undefined> {
    // The id becomes part of a path.
    if (!z.uuid().safeParse(id).success) return undefined;
    try {
      const about = fromJson(aboutSchema, await readFile(aboutOf(id), 'utf8'), `Upload ${id}`);
      const { size: offset, mtimeMs } = await stat(dataOf(id));
      return { ...about, id, offset, expiresAt: new Date(mtimeMs + keptMs) };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async function find(id: string, user: string): Promise<Upload> {
    const found = await read(id);
    if (found?.user !== user) throw new AirlockError('not_found', `There is no upload ${id}`);
    const { user: _, ...upload } = found;
    return upload;
  }

  /** Those there are, read from the disk once: many are made one after another. */
  let counted: Promise<Map<string, Counted>> | undefined;

  async function countAll(): Promise<Map<string, Counted>> {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
    const found = await Promise.all(names.map((name) => read(name.slice(0, -5))));
    return new Map(found.flatMap((upload) => (upload ? [[upload.id, countedOf(upload)]] : [])));
  }

  function all(): Promise<Map<string, Counted>> {
    counted ??= countAll();
    return counted;
  }

  async function refuseTooMuch({ user, size, name }: NewUpload): Promise<void> {
    if (size > maxFileBytes) {
      throw new AirlockError('too_large', `${name} has ${sizeInWords(size)}, the most is ${sizeInWords(maxFileBytes)}`);
    }
    const known = [...(await all()).values()];
    const own = known.filter((upload) => upload.user === user);
    if (own.length >= mostUploads)
      throw new AirlockError('too_large', `You have ${own.length} uploads nobody used yet`);
    const claimed = own.reduce((sum, upload) => sum + upload.size, size);
    if (claimed > mostBytes) {
      throw new AirlockError('too_large', `Your uploads would have ${sizeInWords(claimed)} together`);
    }
    const { bavail, bsize } = await statfs(folder);
    const promised = known.reduce((sum, upload) => sum + upload.left, size + reserve);
    if (bavail * bsize < promised) throw new AirlockError('disk_full', `There is no room for ${sizeInWords(size)}`);
  }

  async function writeAbout(id: string, about: About): Promise<void> {
    await writeAll(aboutOf(id), JSON.stringify(about));
  }

  /** All of it is there: on the disk, with its hash. */
  async function finish(id: string, data: FileHandle, about: About): Promise<void> {
    await data.sync();
    const hash = createHash('sha256');
    await pipeline(createReadStream(dataOf(id), { highWaterMark: 1024 ** 2 }), hash);
    await writeAbout(id, { ...about, sha256: hash.digest('hex') });
  }

  async function takePiece({ id, user, offset, body, sha256 }: Piece, signal: AbortSignal): Promise<Upload> {
    const found = await find(id, user);
    const { name, type, size } = found;
    if (found.offset !== offset) {
      throw new AirlockError('upload_conflict', `It has ${found.offset} bytes, the piece begins at ${offset}`);
    }
    if (found.sha256 !== undefined) return found;
    const data = await open(dataOf(id), 'r+');
    let at = offset;
    try {
      const hash = sha256 && createHash('sha256');
      for await (const chunk of body) {
        signal.throwIfAborted();
        if (at + chunk.length > size) throw new AirlockError('too_large', `It was announced with ${size} bytes`);
        hash?.update(chunk);
        await writeAt(data, chunk, at);
        at += chunk.length;
      }
      signal.throwIfAborted();
      if (hash && sha256 && !hash.digest().equals(sha256)) {
        throw new AirlockError('upload_corrupt', `The piece at ${offset} is not what its checksum says`);
      }
      if (at === size) await finish(id, data, { user, name, type, size });
    } catch (error) {
      // Without a checksum what came before a cut is as good as the rest (J1); with one it cannot be judged (J2).
      if (sha256 !== undefined || isFull(error)) await data.truncate(offset);
      throw isFull(error) ? new AirlockError('disk_full', 'The file does not fit', { cause: error }) : error;
    } finally {
      await data.close();
    }
    return await find(id, user);
  }

  async function takePlace(id: string): Promise<void> {
    for (let before = writers.get(id); before; before = writers.get(id)) {
      before.stop.abort(new AirlockError('upload_conflict', 'Another sender has taken its place'));
      await before.done;
    }
  }

  async function removeFiles(id: string): Promise<void> {
    (await all()).delete(id);
    await rm(aboutOf(id), { force: true });
    await rm(dataOf(id), { force: true });
  }

  return {
    async create(upload) {
      await refuseTooMuch(upload);
      const id = newId();
      const about = { ...upload, name: safePath(upload.name), type: upload.type.slice(0, 200) };
      const data = await open(dataOf(id), 'wx', 0o600);
      try {
        if (about.size === 0) await finish(id, data, about);
        else await writeAbout(id, about);
      } finally {
        await data.close();
      }
      const made = await find(id, upload.user);
      (await all()).set(id, countedOf({ ...made, user: upload.user }));
      return made;
    },

    async get(id, user) {
      await find(id, user);
      await takePlace(id);
      return await find(id, user);
    },

    async write(piece) {
      const { id } = piece;
      await find(id, piece.user);
      await takePlace(id);
      const stop = new AbortController();
      const taking = takePiece({ ...piece, body: untilAborted(piece.body, stop.signal) }, stop.signal);
      const done = taking.then(noop, noop).then(() => writers.delete(id));
      writers.set(id, { stop, done });
      const upload = await taking;
      await done;
      (await all()).set(id, countedOf({ ...upload, user: piece.user }));
      return upload;
    },

    async remove(id, user) {
      await find(id, user);
      await takePlace(id);
      await removeFiles(id);
    },

    async arrived(id, user) {
      const found = await read(id);
      if (found?.user !== user || found.sha256 === undefined) return undefined;
      const { name, size, type, sha256 } = found;
      return { value: { upload: id, name, size, type, sha256 }, path: dataOf(id) };
    },

    async sweep() {
      const names = await readdir(folder);
      for (const name of names) {
        const { mtimeMs } = await stat(join(folder, name)).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
        const isOld = mtimeMs + keptMs < clock().getTime();
        // The older of the two is what it is; the younger, when somebody last sent something.
        if (isOld && !name.endsWith('.json')) await removeFiles(name);
        if (isOld && name.endsWith('.json') && !names.includes(name.slice(0, -5))) await rm(join(folder, name));
      }
    },
  };
}

/** What an upload takes of its sender's share, and of the disk. */
interface Counted {
  readonly user: string;
  readonly size: number;
  /** Bytes still to come. */
  readonly left: number;
}

function countedOf({ user, size, offset }: Upload & { readonly user: string }): Counted {
  return { user, size, left: size - offset };
}

const noop = () => undefined;

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT';

/** No space, or no quota. */
const isFull = (error: unknown): boolean => codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT';
