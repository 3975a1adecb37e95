import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { pipeline } from 'node:stream';
import { wireRoutes } from '@airlock/protocol/wire';
import type { WireHandlers } from './wire.ts';

/** Answers that have no body. */
const bodiless = [204, 205];

/**
 * Hands a request to an MCP server to its handler. The head of the answer goes at once, for its first byte may be hours
 * away; an answer that fails is cut.
 */
export function serveMcp(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, onMcp: WireHandlers['onMcp']): void {
  const gone = new AbortController();
  stream.once('close', () => gone.abort());
  stream.on('error', () => undefined);
  const request = {
    method: headers[':method'] ?? '',
    server: (headers[':path'] ?? '').slice(wireRoutes.mcp.length + 1),
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':'))),
    body: stream,
    signal: gone.signal,
  };
  onMcp(request)
    .then(({ status, headers: answered, body }) => {
      body.on('error', () => undefined);
      stream.once('close', () => body.destroy());
      if (stream.destroyed) return void body.destroy();
      const endStream = bodiless.includes(status);
      stream.respond({ ':status': status, ...answered }, { endStream });
      if (endStream) body.destroy();
      else pipeline(body, stream, () => undefined);
    })
    .catch(() => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
}
