import { StringDecoder } from 'node:string_decoder';
import { type Running, running } from '../replay/scope.ts';

/** Characters of output kept of one execution in one process; what comes after is dropped, saying so once. */
export const maxOutput = 1024 * 1024;
/** Longest piece stored as one event. */
const maxPiece = 16 * 1024;

type Channel = 'stdout' | 'stderr';

/** Stores what an execution prints, a write at a time, within bounds. Blank writes are dropped. */
export function createOutput(limit = maxOutput): (owner: Running, channel: Channel, text: string) => void {
  const left = new WeakMap<Running['io'], number>();
  return (owner, channel, text) => {
    const room = left.get(owner.io) ?? limit;
    if (text.trim() === '' || room <= 0) return;
    left.set(owner.io, room - text.length);
    for (let at = 0; at < Math.min(text.length, room); at += maxPiece) {
      owner.io(channel, text.slice(at, Math.min(at + maxPiece, room)));
    }
    if (text.length >= room) owner.io('stderr', `Output beyond ${limit} characters is not kept`);
  };
}

function capture(stream: NodeJS.WriteStream, channel: Channel, store: ReturnType<typeof createOutput>): void {
  const writeThrough = stream.write.bind(stream);
  const decoder = new StringDecoder();
  const write = (piece: string | Uint8Array, encodingOrDone?: unknown, done?: unknown): boolean => {
    const owner = running.getStore();
    const callback = typeof encodingOrDone === 'function' ? encodingOrDone : done;
    if (owner === undefined) return writeThrough(piece);
    store(owner, channel, typeof piece === 'string' ? piece : decoder.write(Buffer.from(piece)));
    if (typeof callback === 'function') process.nextTick(() => callback());
    return true;
  };
  stream.write = write;
}

/** From now on, what executions print becomes their `stdout` and `stderr` events; the rest goes where it went. */
export function captureOutput(): void {
  const store = createOutput();
  capture(process.stdout, 'stdout', store);
  capture(process.stderr, 'stderr', store);
}
