import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { FileEntry } from '@airlock/protocol/files/file';
import { numbered, safePath } from '@airlock/protocol/files/names';
import { ZipFile } from 'yazl';

/** An archive of files, made as it is read: one file is open at a time, and none of them in memory. */
export function zipOf(entries: readonly FileEntry[], read: (entry: FileEntry) => Readable): Readable {
  const { zip, out, fail } = begin();
  for (const entry of entries) {
    const options = { mtime: new Date(entry.at), size: entry.size, mode: 0o100644 };
    zip.addReadStreamLazy(entry.path, options, (take) => take(null, read(entry).once('error', fail)));
  }
  zip.end();
  return out;
}

interface Streamed {
  readonly path: string;
  readonly size: number;
  readonly mtime: Date;
  read(): Readable;
}

/** The same of files that come one after another, under names that are safe wherever it is unpacked. */
export function zipOfStream(files: AsyncGenerator<Streamed>): Readable {
  const { zip, out, fail } = begin();
  const names = new Set<string>();
  async function fill(): Promise<void> {
    for await (const { path, size, mtime, read } of files) {
      const bytes = read();
      zip.addReadStream(bytes, nameFor(safePath(path), names), { mtime, size, mode: 0o100644 });
      await finished(bytes, { signal: stopped.signal });
    }
    zip.end();
  }
  const stopped = new AbortController();
  out.once('close', () => stopped.abort());
  fill().catch(fail);
  return out;
}

function begin() {
  const zip = new ZipFile();
  const out = zip.outputStream as Readable;
  const fail = (error: Error) => void out.destroy(error);
  zip.on('error', fail);
  return { zip, out, fail };
}

function nameFor(path: string, taken: Set<string>): string {
  let count = 1;
  while (taken.has(numbered(path, count))) count += 1;
  const name = numbered(path, count);
  taken.add(name);
  return name;
}
