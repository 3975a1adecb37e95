import { unwatchFile, watchFile } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

const chunkBytes = 64 * 1024;
/** A longer line is cut: the log is ours, what stands in it may not be. */
const longestLine = 256 * 1024;
const newline = 10;

/** Where the last `count` lines begin. Reads backwards, so that the size of the file does not matter. */
async function startOfLast(file: FileHandle, size: number, count: number): Promise<number> {
  const buffer = Buffer.alloc(chunkBytes);
  let seen = 0;
  let end = size;
  while (end > 0) {
    const start = Math.max(0, end - chunkBytes);
    const { bytesRead } = await file.read(buffer, 0, end - start, start);
    for (let at = bytesRead - 1; at >= 0; at -= 1) {
      if (buffer[at] !== newline || start + at === size - 1) continue;
      seen += 1;
      if (seen === count) return start + at + 1;
    }
    end = start;
  }
  return 0;
}

/** Gathers bytes into lines, each cut at `longestLine`. */
function createSplitter(onLine: (line: string) => void) {
  let rest = '';
  const decoder = new TextDecoder();
  return (bytes: Uint8Array) => {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = (lines.pop() ?? '').slice(0, longestLine);
    for (const line of lines) onLine(line.slice(0, longestLine));
  };
}

async function readFrom(path: string, position: number, onBytes: (bytes: Uint8Array) => void): Promise<number> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    // Shorter than before: it was replaced or emptied, so all of it is new.
    let at = size < position ? 0 : position;
    const buffer = Buffer.alloc(chunkBytes);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, chunkBytes, at);
      if (bytesRead === 0) return at;
      onBytes(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

export interface TailOptions {
  readonly count: number;
  /** Goes on until aborted; without it the tail ends with the file. */
  readonly follow: AbortSignal | undefined;
  onLine(line: string): void;
}

/** Hands over the last lines of a file, then those added to it. Holds a chunk and one line in memory at most. */
export async function tailFile(path: string, options: TailOptions): Promise<void> {
  const file = await open(path, 'r');
  let position: number;
  try {
    position = await startOfLast(file, (await file.stat()).size, options.count);
  } finally {
    await file.close();
  }
  const split = createSplitter(options.onLine);
  position = await readFrom(path, position, split);
  if (options.follow !== undefined) await followFile(path, position, split, options.follow);
}

async function followFile(path: string, from: number, split: (bytes: Uint8Array) => void, signal: AbortSignal) {
  let position = from;
  let failure: unknown;
  let reading = Promise.resolve();
  await new Promise<void>((resolve) => {
    const stop = () => {
      unwatchFile(path, onChange);
      resolve();
    };
    const onChange = () => {
      reading = reading.then(async () => {
        try {
          position = await readFrom(path, position, split);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'ENOENT') position = 0;
          else {
            failure = error;
            stop();
          }
        }
      });
    };
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', stop, { once: true });
    watchFile(path, { interval: 200 }, onChange);
    onChange();
  });
  await reading;
  if (failure !== undefined) throw failure;
}
