import { type LiveFrame, maxWireLine, type SingleFrame, type UpFrame } from '@airlock/protocol/wire';
import type { LiveText } from './live-text.ts';

/*
 * The stream up.
 *
 * U1. Frames are numbered from 1 in the order they were pushed, without gap or repeat.
 * U2. A frame is kept until the host has committed it; after a reconnect it is sent again from the first not committed.
 * U3. Pushing never fails and never waits. A full queue says so, and whoever feeds it stops; nothing is dropped.
 * U4. Live text of a block is never sent after the frame that finishes the block.
 */

/** Where lines go: the body of the stream request of one wire. */
export interface LineSink {
  /** False when the sink wants no more before it calls `drained` on the uplink. */
  write(line: string): boolean;
}

export interface Uplink {
  push(frame: UpFrame): void;
  /** Live text changed; sends what can be sent now. */
  touchLive(): void;
  /** Tells the host how many down frames were taken. */
  ackDown(n: number): void;
  /** A wire opened whose host has committed every frame up to `committed`. */
  attach(sink: LineSink, committed: number): void;
  /** Does nothing unless `sink` is the one attached. */
  detach(sink: LineSink): void;
  drained(sink: LineSink): void;
  /** The host has committed every frame up to `n`. */
  acked(n: number): void;
  readonly full: boolean;
  /** Resolves when the queue is empty. */
  flushed(): Promise<void>;
}

export interface UplinkOptions {
  readonly live: LiveText;
  /** The queue is full from here on, in bytes. */
  readonly maxBytes: number;
  /** The queue became full, or has room again. */
  readonly onFull: (full: boolean) => void;
}

interface Queued {
  readonly n: number;
  readonly line: string;
}

export function createUplink({ live, maxBytes, onFull }: UplinkOptions): Uplink {
  const queue: Queued[] = [];
  let queuedBytes = 0;
  let lastN = 0;
  let sentN = 0;
  let downAck: number | undefined;
  let sink: LineSink | undefined;
  let blocked = false;
  let full = false;
  const waiters: (() => void)[] = [];

  function write(line: string): void {
    if (sink && !sink.write(line)) blocked = true;
  }

  function pump(): void {
    if (!sink || blocked) return;
    if (downAck !== undefined) {
      const ack = downAck;
      downAck = undefined;
      write(encode({ ack }));
    }
    const firstN = queue[0]?.n ?? lastN + 1;
    for (let at = sentN + 1 - firstN; !blocked && at < queue.length; at += 1) {
      const next = queue[at];
      if (!next) return;
      sentN = next.n;
      write(next.line);
    }
    if (!blocked) for (const frame of live.take()) write(encode({ live: frame }));
  }

  function forget(upTo: number): void {
    const kept = queue.findIndex(({ n }) => n > upTo);
    for (const { line } of queue.splice(0, kept === -1 ? queue.length : kept)) queuedBytes -= line.length;
    if (full && queuedBytes < maxBytes / 2) {
      full = false;
      onFull(false);
    }
    if (queue.length === 0) for (const waiter of waiters.splice(0)) waiter();
  }

  function enqueue(line: string): void {
    lastN += 1;
    queue.push({ n: lastN, line });
    queuedBytes += line.length;
    if (!full && queuedBytes >= maxBytes) {
      full = true;
      onFull(true);
    }
    pump();
  }

  return {
    push(frame) {
      const line = encode({ n: lastN + 1, frame });
      if (fits(line)) enqueue(line);
      else if (frame.type === 'batch') for (const each of frame.frames) enqueue(encodeSingle(lastN + 1, each));
      else enqueue(encodeSingle(lastN + 1, frame));
    },
    touchLive: pump,
    ackDown(n) {
      downAck = n;
      pump();
    },
    attach(next, committed) {
      forget(committed);
      sink = next;
      blocked = false;
      sentN = Math.min(committed, lastN);
      live.rewind();
      pump();
    },
    detach(gone) {
      if (sink === gone) sink = undefined;
    },
    drained(of) {
      if (sink !== of) return;
      blocked = false;
      pump();
    },
    acked: forget,
    get full() {
      return full;
    },
    async flushed() {
      if (queue.length > 0) await new Promise<void>((resolve) => waiters.push(resolve));
    },
  };
}

type Line = { n: number; frame: UpFrame } | { live: LiveFrame } | { ack: number };

function encode(line: Line): string {
  return `${JSON.stringify(line)}\n`;
}

function fits(line: string): boolean {
  return Buffer.byteLength(line) <= maxWireLine;
}

/** A frame longer than a line may be is replaced by a note, so that what follows it still arrives. */
function encodeSingle(n: number, frame: SingleFrame): string {
  const line = encode({ n, frame });
  if (fits(line)) return line;
  const text = `A ${frame.type} of ${line.length} characters was too long to send`;
  return encode({ n, frame: { type: 'note', text } });
}
