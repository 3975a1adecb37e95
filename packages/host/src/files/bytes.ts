import type { FileHandle } from 'node:fs/promises';

/** Writes all of it: a file may take less at once. */
export async function writeAt(data: FileHandle, chunk: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    done += (await data.write(chunk, done, chunk.length - done, at + done)).bytesWritten;
  }
}

/** The bytes until `signal` aborts, which also ends the wait for more of them. */
export async function* untilAborted(body: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => undefined);
  signal.addEventListener('abort', () => aborted.reject(signal.reason), { once: true });
  const reader = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([reader.next(), aborted.promise]);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Not awaited: a reader that hangs would hold up whoever takes its place.
    void reader.return?.().catch(() => undefined);
  }
}
