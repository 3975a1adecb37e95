import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Extract, extract, type Header } from 'tar-stream';

export interface TarEntry {
  readonly name: string;
  readonly type: NonNullable<Header['type']>;
  readonly size: number;
  /** Target of a link; empty for everything else. */
  readonly target: string;
  /** Major and minor number of a device. */
  readonly device: readonly [number, number];
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * The entries of a tar, one at a time; what the reader leaves of one is skipped. Rejects when the tar is malformed or
 * ends too early. Nothing but headers, of 4 MiB at most, is held in memory.
 */
export function readTar(source: Readable, ...through: NodeJS.ReadWriteStream[]): AsyncGenerator<TarEntry> {
  return readEntries(extract(), source, through);
}

/** The same, with names as bytes, one character each (`latin1`): those of a tar of GNU's may be anything. */
export function readByteTar(source: Readable): AsyncGenerator<TarEntry> {
  // Its types do not know the option.
  const options: object = { filenameEncoding: 'latin1' };
  return readEntries(extract(options), source, []);
}

async function* readEntries(
  tar: Extract,
  source: Readable,
  through: NodeJS.ReadWriteStream[],
): AsyncGenerator<TarEntry> {
  const read = pipeline([source, ...through, tar]);
  // Its failure also ends the loop below, which tells of it.
  read.catch(() => undefined);
  try {
    for await (const entry of tar) {
      yield toEntry(entry.header, entry as AsyncIterable<Uint8Array>);
      entry.resume();
    }
    await read;
  } finally {
    source.destroy();
    await read.catch(() => undefined);
  }
}

function toEntry(header: Header, bytes: AsyncIterable<Uint8Array>): TarEntry {
  const { name, type, size, linkname, devmajor, devminor } = header;
  return {
    name,
    type: type ?? 'file',
    size: size ?? 0,
    target: linkname ?? '',
    device: [devmajor ?? 0, devminor ?? 0],
    bytes,
  };
}
