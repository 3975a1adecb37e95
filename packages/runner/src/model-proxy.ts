import type { IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from 'node:http';
import { type ClientHttp2Stream, constants } from 'node:http2';
import type { Duplex } from 'node:stream';
import { wireRoutes } from '@airlock/protocol/wire';
import type { Links } from './links.ts';
import { refuse, refuseTunnel } from './refusals.ts';
import type { WireLink } from './wire-link.ts';

/*
 * The loopback server the CLI takes for the model API.
 *
 * P1. A request whose response has not begun outlives the wire: it is asked again on the next one.
 * P2. A response that was cut is broken off by destroying the connection, never ended as if it were whole.
 * P3. Every byte of a response is passed on as it comes.
 * P4. A request nobody waits for any more is cancelled upstream.
 */

type ServeMcp = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Requests are kept until they are answered: one at most this large, all together at most eight times that. */
const maxBody = 32 * 1024 * 1024;
const maxBodies = 8 * maxBody;

/** `serveMcp` answers what is asked below `wireRoutes.mcp`. */
export function serveModelProxy(server: Server, links: Links, serveMcp: ServeMcp): void {
  let held = 0;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    if (!path.startsWith('/')) return refuse(response, path);
    if (path.startsWith(`${wireRoutes.mcp}/`)) return await serveMcp(request, response);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const body = await readBody(request, Math.min(maxBody, maxBodies - held));
    if (body === undefined) return tooLarge(response);
    held += body.length;
    try {
      await relay({ method: request.method ?? 'POST', path, headers: hopless(request), body }, response, gone.signal);
    } finally {
      held -= body.length;
    }
  }

  async function relay(ask: Ask, response: ServerResponse, gone: AbortSignal): Promise<void> {
    for (;;) {
      const link = await links.current(gone);
      const answer = await begin(link, ask, gone);
      if (answer.kind === 'answered') return await passAnswer(answer.stream, answer.status, answer.headers, response);
      // The host refused the stream although its wire stands: the CLI's own retry is the right pace.
      if (link.isOpen) {
        response.destroy();
        return;
      }
      await link.closed;
    }
  }

  server.on('request', (request, response) => {
    request.on('error', () => response.destroy());
    serve(request, response).catch(() => response.destroy());
  });
  server.on('connect', (request: IncomingMessage, socket: Duplex) => refuseTunnel(request, socket));
  server.on('clientError', (_error: Error, socket: Duplex) => socket.destroy());
}

interface Ask {
  readonly method: string;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

type Begun =
  | {
      readonly kind: 'answered';
      readonly stream: ClientHttp2Stream;
      readonly status: number;
      readonly headers: OutgoingHttpHeaders;
    }
  | { readonly kind: 'failed' };

/** Sends a request and resolves when its response begins, or when it cannot begin any more. */
async function begin(link: WireLink, ask: Ask, gone: AbortSignal): Promise<Begun> {
  let stream: ClientHttp2Stream;
  try {
    stream = link.request(ask.method, ask.path, ask.headers);
  } catch {
    return { kind: 'failed' };
  }
  const cancel = () => stream.close(constants.NGHTTP2_CANCEL);
  gone.addEventListener('abort', cancel, { once: true });
  stream.once('close', () => gone.removeEventListener('abort', cancel));
  stream.on('error', () => undefined);
  return await new Promise((resolve) => {
    stream.once('response', (received) => {
      const headers = Object.fromEntries(Object.entries(received).filter(([name]) => !name.startsWith(':')));
      resolve({ kind: 'answered', stream, status: received[':status'] ?? 502, headers });
    });
    stream.once('close', () => resolve({ kind: 'failed' }));
    stream.end(ask.body);
  });
}

/** Resolves when the response was passed on whole, or broken off: after `lastWords`, where there are some. */
export async function passAnswer(
  stream: ClientHttp2Stream,
  status: number,
  headers: OutgoingHttpHeaders,
  response: ServerResponse,
  lastWords?: string,
): Promise<void> {
  response.writeHead(status, headers);
  response.flushHeaders();
  stream.on('data', (chunk: Buffer) => {
    if (!response.write(chunk)) stream.pause();
  });
  response.on('drain', () => stream.resume());
  let whole = false;
  stream.once('end', () => {
    whole = stream.rstCode === constants.NGHTTP2_NO_ERROR && !stream.aborted;
  });
  await new Promise<void>((resolve) => {
    stream.once('close', () => {
      if (whole && stream.rstCode === constants.NGHTTP2_NO_ERROR) response.end();
      else if (lastWords === undefined) response.destroy();
      else response.end(lastWords);
      resolve();
    });
  });
}

/** Nothing when it is larger than `maxBytes`. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(response: ServerResponse): void {
  const error = { type: 'request_too_large', message: 'The request is larger than 32 MB' };
  response.writeHead(413, { 'content-type': 'application/json', 'x-should-retry': 'false', connection: 'close' });
  response.end(JSON.stringify({ type: 'error', error }));
}

const hopHeaders = new Set([
  'connection',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'expect',
]);

function hopless(request: IncomingMessage): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(request.headers).filter(([name]) => !hopHeaders.has(name)));
}
