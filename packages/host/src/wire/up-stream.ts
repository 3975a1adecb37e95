import type { Duplex } from 'node:stream';
import { createLineReader } from '@airlock/protocol/lines';
import { type DownFrame, maxWireLine, type UpLine, upLineSchema } from '@airlock/protocol/wire';
import type { WireHandlers } from './wire.ts';

type UpHandlers = Pick<WireHandlers, 'onUp' | 'onLive' | 'onDownAck'>;

/**
 * Reads the stream up until it ends: lines are handled in order, one at a time, and the stream is not read further
 * while one is being handled. Rejects with the reason to close the wire for: a malformed line, a gap in the numbers,
 * or a frame that could not be committed.
 */
export async function readUp(stream: Duplex, committed: number, handlers: UpHandlers): Promise<void> {
  const reader = createLineReader(maxWireLine);
  let last = committed;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const before = last;
    try {
      for (const line of reader.push(chunk)) {
        const parsed = parseUp(line);
        if ('live' in parsed) handlers.onLive(parsed.live);
        else if ('ack' in parsed) handlers.onDownAck(parsed.ack);
        else if (parsed.n > last + 1) throw new Error(`Frame ${parsed.n} came after frame ${last}`);
        else if (parsed.n === last + 1) {
          await handlers.onUp(parsed.n, parsed.frame);
          last = parsed.n;
        } else writeLine(stream, { ack: last });
      }
    } finally {
      if (last > before) writeLine(stream, { ack: last });
    }
  }
}

/** Writes a line unless the stream is gone. */
export function writeLine(stream: Duplex, line: { ack: number } | { n: number; frame: DownFrame }): void {
  if (!stream.destroyed && stream.writable) stream.write(`${JSON.stringify(line)}\n`);
}

function parseUp(line: string): UpLine {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    throw new Error('The runner sent a line that is not JSON');
  }
  const parsed = upLineSchema.safeParse(raw);
  if (!parsed.success) throw new Error(`The runner sent a line of another form: ${line.slice(0, 200)}`);
  return parsed.data;
}
