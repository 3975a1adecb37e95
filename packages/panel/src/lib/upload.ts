import { apiBase } from '@airlock/protocol/api';
import type { DetailedError, HttpRequest, Upload } from 'tus-js-client';
import { ApiError } from './api-error.ts';

const endpoint = `${apiBase}/uploads`;
const chunkBytes = 8 * 1024 ** 2;
/** Pauses before another try, in milliseconds; what arrives in between begins them anew. Twelve minutes in all. */
const pauses = [0, 500, 1_000, 2_000, 5_000, ...Array.from({ length: 70 }, () => 10_000)];
/** Answers after which another try can end well: none at all, another sender, a damaged piece, a host that is busy. */
const passing = new Set([0, 409, 423, 429, 460, 500, 502, 503, 504]);

interface UploadEvents {
  /** Bytes that have arrived, of those there are. */
  readonly onProgress: (sent: number) => void;
  /** All of it is there, under this id. */
  readonly onDone: (id: string) => void;
  readonly onFailed: (error: ApiError) => void;
}

/** An upload under way. */
export interface RunningUpload {
  /** Lets go of it; what has arrived stays, and the same file goes on from there. */
  stop(): void;
  /** Stops it and removes what has arrived. */
  discard(): void;
}

function failureOf(error: Error | DetailedError): ApiError {
  const response = 'originalResponse' in error ? error.originalResponse : null;
  return response ? ApiError.fromAnswer(response.getStatus(), response.getBody()) : ApiError.network(error);
}

/** Sends a piece with its checksum, so that one that was damaged on the way is not taken. Needs a secure page. */
function withChecksum(request: HttpRequest): HttpRequest {
  if (!globalThis.isSecureContext) return request;
  const send = request.send.bind(request);
  const abort = request.abort.bind(request);
  let isAborted = false;
  request.abort = async () => {
    isAborted = true;
    await abort();
  };
  request.send = async (body: Blob) => {
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await body.arrayBuffer()));
    // The browser would send it all the same, without the headers that were set before.
    if (isAborted) return await new Promise<never>(() => undefined);
    request.setHeader('Upload-Checksum', `sha256 ${btoa(String.fromCharCode(...digest))}`);
    return await send(body);
  };
  return request;
}

async function createUpload(file: File, name: string, events: UploadEvents): Promise<Upload> {
  const tus = await import('tus-js-client');
  const stack = new tus.DefaultHttpStack({});
  const upload = new tus.Upload(file, {
    endpoint,
    chunkSize: chunkBytes,
    retryDelays: pauses,
    metadata: { filename: name, filetype: file.type },
    removeFingerprintOnSuccess: true,
    httpStack: {
      getName: () => stack.getName(),
      createRequest(method, url) {
        const request = stack.createRequest(method, url);
        return method === 'PATCH' ? withChecksum(request) : request;
      },
    },
    onShouldRetry: (error) => passing.has(error.originalResponse?.getStatus() ?? 0),
    onProgress: events.onProgress,
    onSuccess: () => events.onDone(upload.url?.split('/').at(-1) ?? ''),
    onError: (error) => events.onFailed(failureOf(error)),
  });
  return upload;
}

/** Sends a file; one of which a part is there already goes on from that. */
export function startUpload(file: File, name: string, events: UploadEvents): RunningUpload {
  let isStopped = false;
  const created = createUpload(file, name, events);
  async function begin(): Promise<void> {
    const upload = await created;
    const [before] = await upload.findPreviousUploads();
    if (before) upload.resumeFromPreviousUpload(before);
    if (!isStopped) upload.start();
  }
  begin().catch((error: unknown) => events.onFailed(ApiError.from(error)));
  const end = (discarding: boolean) => {
    isStopped = true;
    void created.then((upload) => upload.abort(discarding && upload.url !== null)).catch(() => undefined);
  };
  return { stop: () => end(false), discard: () => end(true) };
}

/** Removes an upload that has arrived and is not wanted; one that cannot be removed now goes by itself after a day. */
export function discardUpload(id: string): void {
  void import('tus-js-client').then(({ Upload }) => Upload.terminate(`${endpoint}/${id}`)).catch(() => undefined);
}
