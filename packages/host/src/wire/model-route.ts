import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { constants } from 'node:http2';
import { pipeline } from 'node:stream';
import { wireRoutes } from '@airlock/protocol/wire';
import type { WireHandlers } from './wire.ts';

/** Hands a model request to its handler and streams the response; a response that fails is cut. */
export function serveModel(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  onModel: WireHandlers['onModel'],
): void {
  const gone = new AbortController();
  stream.once('close', () => gone.abort());
  stream.on('error', () => undefined);
  const request = {
    method: headers[':method'] ?? '',
    path: (headers[':path'] ?? '').slice(wireRoutes.model.length),
    headers: plainHeaders(headers),
    body: stream,
    signal: gone.signal,
  };
  onModel(request).then(
    (response) => {
      response.body.on('error', () => undefined);
      if (stream.destroyed) {
        response.body.destroy();
        return;
      }
      stream.once('close', () => response.body.destroy());
      // The headers go with the first bytes of the body: one packet less on the way into the container.
      response.body.once('readable', () => {
        if (stream.destroyed) return;
        stream.respond({ ':status': response.status, ...response.headers });
        pipeline(response.body, stream, () => undefined);
      });
      response.body.once('close', () => {
        if (!stream.headersSent) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      });
    },
    () => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
  );
}

function plainHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':')));
}
