import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';

/** The bytes of a request as they come; whoever reads them takes no more than it can use. */
export function bodyOf({ body }: Request): AsyncIterable<Uint8Array> {
  return body === null ? Readable.from([]) : (body as ReadableStream<Uint8Array>);
}

/** Bytes as the body of an answer; it is destroyed when the client goes away. */
export function toBody(bytes: Readable): globalThis.ReadableStream {
  return Readable.toWeb(bytes) as globalThis.ReadableStream;
}
