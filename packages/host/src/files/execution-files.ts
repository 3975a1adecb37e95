import { createHash } from 'node:crypto';
import { constants, createReadStream, mkdirSync } from 'node:fs';
import { copyFile, link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { AirlockError } from '@airlock/protocol/errors';
import {
  type FileEntry,
  type FilePlace,
  type FileValue,
  maxFileBytes,
  mostFiles,
  sizeInWords,
} from '@airlock/protocol/files/file';
import { isSafePath, numbered } from '@airlock/protocol/files/names';
import type { Selectable } from 'kysely';
import type { Log } from '../log/log.ts';
import { newId } from '../store/ids.ts';
import type { FilesTable } from '../store/schema.ts';
import type { Store, Tx } from '../store/store.ts';

/*
 * Files of executions: rows in the store, bytes in the home.
 *
 *   <home>/files/<execution>/in/<path>     what people gave
 *   <home>/files/<execution>/out/<path>    what came of it
 *
 * R1. A file is there, whole, before the write that records it; one without a row is nobody's.
 * R2. A path is one `safePath` gives, below its place.
 * R3. They go with their execution.
 */

export type FileRow = Selectable<FilesTable>;

/** A file whose bytes are in the home and that no row names yet. */
export interface Placed {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

interface FileName {
  readonly execution: string;
  readonly place: FilePlace;
  readonly path: string;
}

export interface ExecutionFiles {
  /** Gives an upload that has arrived a place under `in`; the same again when it has one. Returns its path there. */
  takeUpload(execution: string, value: FileValue, bytes: string): Promise<string>;
  /** Puts bytes in the place of whatever was there, and names them. Throws `too_large` and `disk_full`. */
  put(file: FileName, body: AsyncIterable<Uint8Array>, by: string | null): Promise<FileEntry>;
  /** Puts bytes in their place, before a write that records them. */
  place(file: FileName, body: AsyncIterable<Uint8Array>): Promise<Placed>;
  /** Names files in the store, and in the log of the execution. Those of the same name are no more. */
  record(tx: Tx, execution: string, place: FilePlace, files: readonly Placed[], by: string | null): Promise<void>;
  list(execution: string, place: FilePlace): Promise<FileEntry[]>;
  /** Throws `not_found`. */
  get(file: FileName): Promise<FileEntry>;
  /** Bytes of a file, from `start` to `end` inclusive. */
  read(file: FileName, range?: { readonly start: number; readonly end: number }): Readable;
  /** Throws `not_found`. */
  remove(file: FileName): Promise<void>;
  /** Absolute path of the folder with its places. */
  folderOf(execution: string): string;
  purge(execution: string): Promise<void>;
  /** Removes what no execution is there for; before anything else is done with files. */
  sweep(): Promise<void>;
}

interface ExecutionFilesOptions {
  /** Folder for them. */
  readonly folder: string;
  readonly store: Store;
  readonly clock: () => Date;
  readonly log: Pick<Log, 'append'>;
}

export function createExecutionFiles({ folder, store, clock, log }: ExecutionFilesOptions): ExecutionFiles {
  mkdirSync(folder, { recursive: true, mode: 0o700 });

  const pathOf = ({ execution, place, path }: FileName): string => {
    if (!isSafePath(path)) throw new AirlockError('bad_request', `${JSON.stringify(path)} is no path of a file`);
    return join(folder, execution, place, path);
  };

  async function rows(execution: string, place: FilePlace, path?: string): Promise<FileRow[]> {
    let query = store.db
      .selectFrom('files')
      .selectAll()
      .where('execution', '=', execution)
      .where('place', '=', place)
      .orderBy('path');
    if (path !== undefined) query = query.where('path', '=', path);
    return await query.execute();
  }

  async function get({ execution, place, path }: FileName): Promise<FileEntry> {
    const [row] = await rows(execution, place, path);
    if (!row) throw new AirlockError('not_found', `There is no file ${place}/${path}`);
    return toEntry(row);
  }

  /** Makes the folders on the way. */
  async function prepare(path: string): Promise<void> {
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    } catch (error) {
      if (isCode(error, 'EEXIST') || isCode(error, 'ENOTDIR')) {
        throw new AirlockError('file_taken', 'A file is there where a folder is to be', { cause: error });
      }
      throw error;
    }
  }

  async function place(file: FileName, body: AsyncIterable<Uint8Array>): Promise<Placed> {
    const target = pathOf(file);
    await prepare(target);
    const part = join(folder, file.execution, newId() + partEnding);
    const hash = createHash('sha256');
    let size = 0;
    try {
      const out = await open(part, 'wx', 0o600);
      try {
        for await (const chunk of body) {
          size += chunk.length;
          if (size > maxFileBytes)
            throw new AirlockError('too_large', `${file.path} has more than ${sizeInWords(maxFileBytes)}`);
          hash.update(chunk);
          await out.writeFile(chunk);
        }
        await out.sync();
      } finally {
        await out.close();
      }
      await rename(part, target);
    } catch (error) {
      await rm(part, { force: true });
      if (isCode(error, 'ENOSPC')) throw new AirlockError('disk_full', 'The file does not fit', { cause: error });
      if (isCode(error, 'EISDIR')) throw new AirlockError('file_taken', `${file.path} is a folder`, { cause: error });
      throw error;
    }
    return { path: file.path, size, sha256: hash.digest('hex') };
  }

  async function record(
    tx: Tx,
    execution: string,
    place: FilePlace,
    files: readonly Placed[],
    by: string | null,
  ): Promise<void> {
    const at = clock().toISOString();
    for (const { path, size, sha256 } of files) {
      await tx.db
        .deleteFrom('files')
        .where('execution', '=', execution)
        .where('place', '=', place)
        .where('path', '=', path)
        .execute();
      await tx.db.insertInto('files').values({ execution, place, path, size, sha256, by, at }).execute();
    }
    const named = files.map(({ path, size }) => ({ path: `${place}/${path}`, size }));
    if (named.length > 0) await log.append(tx, execution, [{ kind: 'upload', payload: { files: named } }]);
  }

  return {
    async takeUpload(execution, { name }, bytes) {
      const { ino } = await stat(bytes);
      for (let count = 1; ; count += 1) {
        const path = numbered(name, count);
        const target = pathOf({ execution, place: 'in', path });
        const isMine = await prepare(target).then(
          () => linkNew(bytes, target, ino),
          (error) => {
            if (error instanceof AirlockError) return false;
            throw error;
          },
        );
        if (isMine) return path;
        if (count > mostFiles) throw new AirlockError('file_taken', `There are ${count} files named ${name}`);
      }
    },

    place,

    async put(file, body, by) {
      const { execution, place: where } = file;
      const placed = await place(file, body);
      await store.write((tx) => record(tx, execution, where, [placed], by));
      return await get(file);
    },

    record,

    list: async (execution, place) => (await rows(execution, place)).map(toEntry),

    get,

    read: (file, range) => createReadStream(pathOf(file), { ...range, highWaterMark: 256 * 1024 }),

    async remove(file) {
      const target = pathOf(file);
      await get(file);
      await store.write((tx) =>
        tx.db
          .deleteFrom('files')
          .where('execution', '=', file.execution)
          .where('place', '=', file.place)
          .where('path', '=', file.path)
          .execute(),
      );
      await rm(target, { force: true });
    },

    folderOf: (execution) => join(folder, execution),

    purge: async (execution) => await rm(join(folder, execution), { recursive: true, force: true }),

    async sweep() {
      const names = await readdir(folder);
      if (names.length === 0) return;
      const known = new Set((await store.db.selectFrom('executions').select('id').execute()).map(({ id }) => id));
      for (const name of names) {
        const path = join(folder, name);
        if (!known.has(name)) await rm(path, { recursive: true, force: true });
        else for (const each of await readdir(path)) if (each.endsWith(partEnding)) await rm(join(path, each));
      }
    },
  };
}

const partEnding = '.part';

function toEntry({ path, size, sha256, by, at }: FileRow): FileEntry {
  return { path, size, sha256, by, at };
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** Whether the target is the file of this number now; false when another has its name. */
async function linkNew(source: string, target: string, ino: number): Promise<boolean> {
  try {
    await link(source, target);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return (await stat(target)).ino === ino;
    if (!isCode(error, 'EPERM') && !isCode(error, 'ENOTSUP') && !isCode(error, 'EMLINK')) throw error;
  }
  // A file system without links.
  await copyFile(source, target, constants.COPYFILE_EXCL);
  return true;
}
