import { type Readable, Transform } from 'node:stream';
import type { Meter } from './metering.ts';
import { createSseCutter } from './sse.ts';

/** Longest single event of the model API that is taken. */
const maxEvent = 32 * 1024 * 1024;

/** Why a response was cut. */
export type Cut =
  | { readonly kind: 'error_event'; readonly type: string; readonly message: string }
  | { readonly kind: 'silent'; readonly ms: number }
  | { readonly kind: 'broken'; readonly message: string }
  /** Whoever asked waits no more; nothing failed. */
  | { readonly kind: 'abandoned' };

export interface AnswerOptions {
  readonly meter: Meter;
  /** Without a byte for this long the response is cut. */
  readonly idleMs: number;
  /** The last event, or the end of the body, was seen; called once, before either is passed on. */
  readonly onComplete: () => void;
  /** Called at most once, and never after `onComplete`. */
  readonly onCut: (cut: Cut) => void;
}

/**
 * A streamed answer on its way through: every complete event is passed on the moment it is complete. An `error` event,
 * silence, or a break cuts it, so that the CLI asks again instead of falling back to an answer that is not streamed.
 */
export function passAnswer(source: Readable, options: AnswerOptions): Readable {
  const { meter, idleMs, onComplete, onCut } = options;
  const cutter = createSseCutter(maxEvent);
  let state: 'open' | 'complete' | 'cut' = 'open';

  function complete(): void {
    if (state !== 'open') return;
    state = 'complete';
    clearTimeout(idle);
    onComplete();
  }

  function cut(reason: Cut): void {
    if (state === 'open') {
      state = 'cut';
      onCut(reason);
    }
    clearTimeout(idle);
    source.destroy();
    // What was passed on before still reaches the reader; then the break.
    setImmediate(() => out.destroy(new Error('The answer was cut')));
  }

  const out = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      idle.refresh();
      try {
        for (const event of cutter.push(chunk)) {
          if (event.name === 'error') return cut({ kind: 'error_event', ...errorOf(event.data) });
          meter.event(event.name, event.data);
          if (event.name === 'message_stop') complete();
          out.push(event.bytes);
        }
        done();
      } catch (error) {
        cut({ kind: 'broken', message: error instanceof Error ? error.message : String(error) });
      }
    },
    flush(done) {
      if (state === 'open') cut({ kind: 'broken', message: 'The answer ended before it was complete' });
      else done();
    },
  });
  const idle = setTimeout(() => {
    // Bytes that wait for the reader are no silence of the upstream's.
    if (out.writableLength > 0) idle.refresh();
    else cut({ kind: 'silent', ms: idleMs });
  }, idleMs);
  out.once('close', () => {
    clearTimeout(idle);
    source.destroy();
    if (state === 'open') cut({ kind: 'abandoned' });
  });
  source.once('error', (error) => cut({ kind: 'broken', message: error.message }));
  source.once('close', () => {
    if (!source.readableEnded && state === 'open') cut({ kind: 'broken', message: 'The connection was lost' });
  });
  source.pipe(out);
  return out;
}

function errorOf(data: string): { type: string; message: string } {
  try {
    const raw: unknown = JSON.parse(data);
    const error = typeof raw === 'object' && raw !== null && 'error' in raw ? raw.error : undefined;
    if (typeof error === 'object' && error !== null && 'type' in error && 'message' in error) {
      return { type: String(error.type), message: String(error.message) };
    }
  } catch {
    // Not JSON: shown as it is.
  }
  return { type: 'api_error', message: data.slice(0, 500) };
}
