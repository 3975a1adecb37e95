import type { JsonObject } from './json.ts';

/** How a request ended so far. `aborted`: the client left first. `cut` and `stalled` were scripted. */
export type Outcome =
  | { readonly kind: 'pending' }
  | { readonly kind: 'answered'; readonly messageId?: string }
  | { readonly kind: 'refused'; readonly status: number; readonly detail: string }
  | { readonly kind: 'cut' }
  | { readonly kind: 'stalled' }
  | { readonly kind: 'aborted' };

/** What chose the answer. `repeat` is how often the same conversation state was answered before. */
export interface Source {
  readonly kind: 'script' | 'canned' | 'side';
  readonly scenario?: string;
  readonly step?: number;
  readonly repeat: number;
}

/** A request as it was received, and what became of it. Header names are in lower case. */
export interface RecordedRequest {
  /** Counts from 1. */
  readonly seq: number;
  /** ISO time. */
  readonly at: string;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** `null` when it was empty, too large or not a JSON object. */
  readonly body: JsonObject | null;
  /** What the person had said, and where the conversation stood; only for `/v1/messages`. */
  readonly talk?: { readonly prompt: string; readonly turn: number; readonly round: number };
  readonly source?: Source;
  readonly outcome: Outcome;
}

export type NewRequest = Omit<RecordedRequest, 'seq' | 'outcome'>;

/** The requests received, oldest first, and a way to wait for one. */
export interface Requests {
  all(): readonly RecordedRequest[];
  add(request: NewRequest, bytes: number): number;
  /** Adds what became known of a request; nothing happens when it was forgotten. */
  update(seq: number, known: Partial<Pick<RecordedRequest, 'talk' | 'source' | 'outcome'>>): void;
  /** The first request that fits, now or later. Rejects when the signal aborts. */
  waitFor(fits: (request: RecordedRequest) => boolean, signal?: AbortSignal): Promise<RecordedRequest>;
  clear(): void;
}

export interface RequestsOptions {
  /** Requests kept; older ones are forgotten. */
  readonly limit: number;
  /** Bytes of bodies kept. */
  readonly byteLimit: number;
  /** Told of each request once it is no longer pending. */
  readonly ended?: ((request: RecordedRequest) => void) | undefined;
}

export function createRequests(options: RequestsOptions): Requests {
  const kept = new Map<number, { request: RecordedRequest; bytes: number }>();
  const watchers = new Set<(request: RecordedRequest) => void>();
  let lastSeq = 0;
  let bytesKept = 0;
  const forgetOldest = () => {
    for (const [seq, { bytes }] of kept) {
      if (kept.size <= options.limit && (bytesKept <= options.byteLimit || kept.size === 1)) return;
      kept.delete(seq);
      bytesKept -= bytes;
    }
  };
  const put = (request: RecordedRequest, bytes: number) => {
    kept.set(request.seq, { request, bytes });
    for (const watch of [...watchers]) watch(request);
  };
  const all = () => [...kept.values()].map(({ request }) => request);
  return {
    all,
    add(request, bytes) {
      lastSeq += 1;
      bytesKept += bytes;
      put({ seq: lastSeq, ...request, outcome: { kind: 'pending' } }, bytes);
      forgetOldest();
      return lastSeq;
    },
    update(seq, known) {
      const entry = kept.get(seq);
      if (entry === undefined) return;
      const request = { ...entry.request, ...known };
      put(request, entry.bytes);
      if (known.outcome !== undefined && known.outcome.kind !== 'pending') options.ended?.(request);
    },
    waitFor: async (fits, signal) => all().find(fits) ?? watch(watchers, fits, signal),
    clear() {
      kept.clear();
      bytesKept = 0;
    },
  };
}

function watch(
  watchers: Set<(request: RecordedRequest) => void>,
  fits: (request: RecordedRequest) => boolean,
  signal?: AbortSignal,
): Promise<RecordedRequest> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      watchers.delete(look);
      signal?.removeEventListener('abort', abort);
    };
    const look = (request: RecordedRequest) => {
      if (!fits(request)) return;
      leave();
      resolve(request);
    };
    const abort = () => {
      leave();
      reject(signal?.reason);
    };
    if (signal?.aborted === true) return abort();
    signal?.addEventListener('abort', abort, { once: true });
    watchers.add(look);
  });
}
