import type { Readable } from 'node:stream';
import type { FileEntry } from '@airlock/protocol/files/file';
import { ZipFile } from 'yazl';

/** An archive of files, made as it is read: one file is open at a time, and none of them in memory. */
export function zipOf(entries: readonly FileEntry[], read: (entry: FileEntry) => Readable): Readable {
  const zip = new ZipFile();
  const out = zip.outputStream as Readable;
  const fail = (error: Error) => void out.destroy(error);
  for (const entry of entries) {
    const options = { mtime: new Date(entry.at), size: entry.size, mode: 0o100644 };
    zip.addReadStreamLazy(entry.path, options, (take) => take(null, read(entry).once('error', fail)));
  }
  zip.on('error', fail);
  zip.end();
  return out;
}
