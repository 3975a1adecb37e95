import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import { AirlockError } from '@airlock/protocol/errors';
import { type Header, pack } from 'tar-stream';
import {
  formatVersion,
  type Manifest,
  type ManifestEntry,
  manifestName,
  maxEntries,
  partBytes,
  partName,
} from './manifest.ts';

export interface ArchiveWriter {
  /** Adds an entry of exactly `size` bytes; rejects when the source has more or fewer. */
  add(name: string, size: number, source: AsyncIterable<Uint8Array>): Promise<void>;
  /** Adds a workspace in parts as it comes, up to `limit` bytes; resolves with how many it had. */
  addWorkspace(session: string, limit: number, tar: AsyncIterable<Uint8Array>): Promise<number>;
  /** Writes the manifest; when it resolves, everything is on the disk. Returns the bytes of the archive. */
  finish(about: Omit<Manifest, 'format' | 'entries'>): Promise<number>;
  /** Lets go of the file; what is in it is of no use. */
  destroy(): Promise<void>;
}

/** Readable by hand as a tar, and a flipped bit is noticed. */
const compression = { params: { [constants.ZSTD_c_checksumFlag]: 1, [constants.ZSTD_c_compressionLevel]: 3 } };

/** Begins an archive at `path`, readable by its owner alone. */
export function createArchive(path: string): ArchiveWriter {
  const tar = pack();
  const entries: ManifestEntry[] = [];
  const written = pipeline(
    Readable.from(tar, { objectMode: false }),
    createZstdCompress(compression),
    createWriteStream(path, { mode: 0o600, flush: true }),
  );
  // Whoever adds hears of it; between two additions nobody listens.
  written.catch(() => undefined);

  /** The work, or the reason for which nothing can be written any more. */
  async function unlessBroken(work: Promise<void>): Promise<void> {
    await Promise.race([work, written.then(() => work)]);
  }

  async function addBytes(name: string, size: number, source: AsyncIterable<Uint8Array>): Promise<string> {
    if (entries.length >= maxEntries) throw new AirlockError('backup_failed', `It has more than ${maxEntries} files`);
    const hash = createHash('sha256');
    let seen = 0;
    async function* hashed() {
      for await (const chunk of source) {
        seen += chunk.length;
        if (seen > size) break;
        hash.update(chunk);
        yield chunk;
      }
      if (seen !== size) throw new AirlockError('backup_failed', `${name} changed while it was read`);
    }
    await unlessBroken(pipeline(Readable.from(hashed(), { objectMode: false }), tar.entry(headerOf(name, size))));
    return hash.digest('hex');
  }

  async function add(name: string, size: number, source: AsyncIterable<Uint8Array>): Promise<void> {
    entries.push({ name, size, sha256: await addBytes(name, size, source) });
  }

  return {
    add,

    async addWorkspace(session, limit, source) {
      let total = 0;
      let part = 0;
      for await (const bytes of inParts(source)) {
        total += bytes.length;
        if (total > limit) throw tooLarge(session, limit);
        part += 1;
        await add(partName(session, part), bytes.length, only(bytes));
      }
      return total;
    },

    async finish(about) {
      const manifest: Manifest = { format: formatVersion, ...about, entries };
      const bytes = Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`);
      await addBytes(manifestName, bytes.length, only(bytes));
      tar.finalize();
      await written;
      return (await stat(path)).size;
    },

    async destroy() {
      tar.destroy();
      await written.catch(() => undefined);
    },
  };
}

function headerOf(name: string, size: number): Partial<Header> & { name: string } {
  return { name, size, mode: 0o600, type: 'file' };
}

async function* only(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

/** The same bytes in pieces of `partBytes`, the last one shorter. */
async function* inParts(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; ) {
      const piece = chunk.subarray(at, at + partBytes - length);
      at += piece.length;
      length += piece.length;
      chunks.push(piece);
      if (length < partBytes) continue;
      yield Buffer.concat(chunks);
      chunks = [];
      length = 0;
    }
  }
  if (length > 0) yield Buffer.concat(chunks);
}

function tooLarge(session: string, limit: number): AirlockError {
  const detail = `The workspace of session ${session} claims more than ${Math.floor(limit / 1024 ** 2)} MiB, maybe in files with holes. Delete them or its execution`;
  return new AirlockError('backup_failed', detail);
}
