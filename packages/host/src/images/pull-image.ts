import { Readable } from 'node:stream';
import type { EngineClient } from '../engine/engine-client.ts';
import { toEngineError } from '../engine/engine-error.ts';
import { PullProgress, readMessages } from './engine-messages.ts';

export interface PullOptions {
  readonly client: EngineClient;
  readonly reference: string;
  readonly onProgress: (detail: string, percent?: number) => void;
  /** Without a word from the registry for this long it counts as unreachable. */
  readonly silenceMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Pulls an image; what goes wrong is `image_pull_failed` unless it is the engine's or the disk's fault. */
export async function pullImage(options: PullOptions): Promise<void> {
  const { client, reference, onProgress, silenceMs } = options;
  const silence = new AbortController();
  const signal = AbortSignal.any([silence.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  const hushed = (): void => silence.abort(new Error(`no word from the registry for ${silenceMs / 1000} s`));
  const timer = setTimeout(hushed, silenceMs);
  const progress = new PullProgress();
  try {
    const answer = await untilAborted(client.pull(reference, { abortSignal: signal }), signal);
    const body = Readable.from(answer, { objectMode: false });
    signal.addEventListener('abort', () => body.destroy(signal.reason), { once: true });
    await readMessages(body, (message) => {
      timer.refresh();
      onProgress(`${message.status ?? ''} ${message.id ?? ''}`.trim(), progress.take(message));
    });
  } catch (thrown) {
    options.signal?.throwIfAborted();
    throw toEngineError(silence.signal.aborted ? silence.signal.reason : thrown, reference, 'image_pull_failed');
  } finally {
    clearTimeout(timer);
  }
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  return await Promise.race([work, aborted]);
}
