import { constants, type ServerHttp2Stream } from 'node:http2';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { WireHandlers } from './wire.ts';

/** Streams the transcript as the runner reads it; one that cannot be read to its end is cut. */
export function serveTranscript(stream: ServerHttp2Stream, onTranscript: WireHandlers['onTranscript']): void {
  stream.on('error', () => undefined);
  stream.respond({ ':status': 200, 'content-type': 'application/x-ndjson' });
  pipeline(Readable.from(onTranscript()), stream).catch(() => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
}
