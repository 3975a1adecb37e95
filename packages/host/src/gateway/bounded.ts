import { type Readable, Transform } from 'node:stream';

export class BodyTooLargeError extends Error {
  constructor(maxBytes: number) {
    super(`The request is larger than ${Math.floor(maxBytes / 1024 / 1024)} MB`);
    this.name = 'BodyTooLargeError';
  }
}

/** The same bytes; fails with `BodyTooLargeError` past `maxBytes`. */
export function boundBody(body: Readable, maxBytes: number): Readable {
  let seen = 0;
  const bounded = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > maxBytes) done(new BodyTooLargeError(maxBytes));
      else done(null, chunk);
    },
  });
  body.once('error', (error) => bounded.destroy(error));
  body.once('close', () => {
    if (!body.readableEnded) bounded.destroy(new Error('The request was broken off'));
  });
  return body.pipe(bounded);
}

/** Reads up to `maxBytes` of a small body as text; what is missing or comes later than `timeoutMs` is left out. */
export async function readSome(body: Readable, maxBytes: number, timeoutMs: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  const timer = setTimeout(() => body.destroy(), timeoutMs);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= maxBytes) break;
    }
  } catch {
    // What came before the end is all there is.
  } finally {
    clearTimeout(timer);
    body.destroy();
  }
  return Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8');
}
