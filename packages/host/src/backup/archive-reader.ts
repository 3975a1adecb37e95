import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createZstdDecompress } from 'node:zlib';
import { AirlockError } from '@airlock/protocol/errors';
import { readTar, type TarEntry } from '../files/tar-entries.ts';
import { type EntryKind, kindOf, type ManifestEntry, manifestName, maxEntries, partBytes } from './manifest.ts';

/** An entry of an archive, its name and size checked; `bytes` are as they come. */
interface ArchiveEntry {
  readonly name: string;
  readonly size: number;
  readonly what: EntryKind | { readonly kind: 'manifest' };
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * The entries of the archive at `path`. Throws `backup_unusable` for whatever no backup of ours has: other kinds of
 * files, other names, a name twice. What the system says of the file itself is thrown as it is.
 */
async function* readArchive(path: string, signal: AbortSignal): AsyncGenerator<ArchiveEntry> {
  const names = new Set<string>();
  const source = createReadStream(path, { signal, highWaterMark: 1024 * 1024 });
  try {
    for await (const entry of readTar(source, createZstdDecompress())) {
      if (names.has(entry.name)) throw unusable(`${JSON.stringify(entry.name)} is in it twice`);
      names.add(entry.name);
      if (names.size > maxEntries + 1) throw unusable(`it has more than ${maxEntries} files`);
      yield toArchiveEntry(entry);
    }
  } catch (error) {
    throw toUnusable(error, signal);
  }
}

function toArchiveEntry({ name, type, size, bytes }: TarEntry): ArchiveEntry {
  if (type !== 'file') throw unusable(`${JSON.stringify(name)} is a ${type}`);
  if (name === manifestName) return { name, size, what: { kind: 'manifest' }, bytes };
  const what = kindOf(name);
  if (!what) throw unusable(`no backup has a file named ${JSON.stringify(name)}`);
  if (what.kind === 'workspace' && size > partBytes) throw unusable(`${name} has ${size} bytes`);
  return { name, size, what, bytes };
}

export type Item =
  | { readonly kind: 'store' | 'manifest'; readonly bytes: AsyncIterable<Uint8Array> }
  | { readonly kind: 'file'; readonly path: string; readonly bytes: AsyncIterable<Uint8Array> }
  /** The parts of a workspace are one stream again. */
  | { readonly kind: 'workspace'; readonly session: string; readonly bytes: AsyncIterable<Uint8Array> };

/** What an archive holds, to be read to its end one by one; `onEntry` hears of every entry at its end, and may throw. */
export async function* readItems(
  path: string,
  signal: AbortSignal,
  onEntry: (entry: ManifestEntry) => void,
): AsyncGenerator<Item> {
  const entries = readArchive(path, signal);
  let next = await entries.next();

  async function* bytesOf({ name, size, bytes }: ArchiveEntry): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha256');
    try {
      for await (const chunk of bytes) {
        hash.update(chunk);
        yield chunk;
      }
    } catch (error) {
      throw toUnusable(error, signal);
    }
    onEntry({ name, size, sha256: hash.digest('hex') });
    next = await entries.next();
  }

  async function* partsOf(session: string): AsyncGenerator<Uint8Array> {
    for (let part = 1; next.done !== true; part += 1) {
      const { what } = next.value;
      if (what.kind !== 'workspace' || what.session !== session) return;
      if (what.part !== part) throw unusable(`part ${part} of the workspace of session ${session} is missing`);
      yield* bytesOf(next.value);
    }
  }

  try {
    while (next.done !== true) {
      const entry = next.value;
      const { what } = entry;
      if (what.kind === 'workspace') yield { ...what, bytes: partsOf(what.session) };
      else yield { ...what, bytes: bytesOf(entry) };
      if (next.value === entry) throw new Error(`${entry.name} was not read to its end`);
    }
  } finally {
    await entries.return(undefined);
  }
}

export function unusable(detail: string): AirlockError {
  return new AirlockError('backup_unusable', detail);
}

/** What went wrong with the content, as one of ours; faults of the system have a path and stay as they are. */
function toUnusable(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof AirlockError || !(error instanceof Error) || 'syscall' in error) return error;
  return new AirlockError('backup_unusable', `It is cut short or damaged (${error.message})`, { cause: error });
}
