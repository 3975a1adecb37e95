import { eventsPath } from '../../lib/api.ts';
import { ApiError } from '../../lib/api-error.ts';
import { connection } from '../../lib/connection.ts';
import { createSseParser, type SseEvent } from '../../lib/sse.ts';

export interface FollowOptions {
  signal: AbortSignal;
  /** Seq of the last stored event taken; asked before each connection. */
  lastSeq: () => number;
  /** Whether the log is known to have ended, so that a closed stream needs no new one. */
  isOver: () => boolean;
  onOpen: () => void;
  onEvent: (event: SseEvent) => void;
}

const delays = [300, 1000, 2000, 4000] as const;
/** A finished log gets no more events; browsers allow few connections to one server. */
const lingerMs = 5000;

/**
 * Follows the events of an execution over as many connections as it takes, each from the last event on. It reads the
 * stream with `fetch` because EventSource hides the status of a refusal and forgets its place after one.
 *
 * Resolves when the log has ended or the signal fires; rejects with an `ApiError` when the server refuses for good.
 */
export async function followEvents(execution: string, options: FollowOptions): Promise<void> {
  let failures = 0;
  while (!options.signal.aborted) {
    try {
      await readOnce(execution, options, () => {
        failures = 0;
      });
      if (options.isOver()) return;
    } catch (error) {
      if (options.signal.aborted) return;
      if (error instanceof ApiError && isForGood(error)) throw error;
      connection.missed();
    }
    await pause(delays[Math.min(failures, delays.length - 1)] ?? 4000, options.signal);
    failures += 1;
  }
}

function isForGood({ status }: ApiError): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

async function readOnce(execution: string, options: FollowOptions, onOpen: () => void): Promise<void> {
  const last = options.lastSeq();
  const headers: Record<string, string> = { accept: 'text/event-stream' };
  if (last > 0) headers['last-event-id'] = String(last);
  const linger = new AbortController();
  const signal = AbortSignal.any([options.signal, linger.signal]);
  const response = await fetch(eventsPath(execution), {
    headers,
    cache: 'no-store',
    credentials: 'same-origin',
    signal,
  });
  if (!response.ok || response.body === null) throw ApiError.fromAnswer(response.status, await response.text());
  onOpen();
  options.onOpen();
  connection.reached();
  const timer = setInterval(() => {
    if (options.isOver()) linger.abort();
  }, lingerMs);
  try {
    await readAll(response.body, createSseParser(options.onEvent));
  } catch (error) {
    if (!linger.signal.aborted) throw error;
  } finally {
    clearInterval(timer);
  }
}

async function readAll(body: ReadableStream<Uint8Array<ArrayBuffer>>, parse: (chunk: string) => void): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    parse(value);
  }
}

/** Waits, but not longer than until the network is back. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const done = (): void => resolve();
  window.addEventListener('online', done, { once: true });
  signal.addEventListener('abort', done, { once: true });
  return promise.finally(() => {
    clearTimeout(timer);
    window.removeEventListener('online', done);
    signal.removeEventListener('abort', done);
  });
}
