import { constants, type IncomingHttpHeaders, performServerHandshake, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { wireRoutes } from '@airlock/protocol/wire';
import { withoutHandle } from './handle-free.ts';
import { exchangeHello } from './hello.ts';
import { serveMcp } from './mcp-route.ts';
import { serveModel } from './model-route.ts';
import { serveTranscript } from './transcript-route.ts';
import { readUp, writeLine } from './up-stream.ts';
import type { HostHello, Wire, WireHandlers } from './wire.ts';

export interface OpenWireOptions {
  /** The byte stream of a bridge; the wire owns it from here on and destroys it. */
  readonly duplex: Duplex;
  readonly hello: HostHello;
  readonly handlers: WireHandlers;
  /** How long the runner has to answer, and then to open its stream. @default 10_000 */
  readonly helloTimeoutMs?: number;
  /** A runner that leaves a ping unanswered for this long is gone. @default 30_000 */
  readonly pingMs?: number;
}

const windowBytes = 4 * 1024 * 1024;

/** HTTP/2 for the wire: windows that keep bulk from holding up tokens, limits that fit model requests. */
const http2Options = {
  settings: { initialWindowSize: windowBytes, maxConcurrentStreams: 100, maxHeaderListSize: 256 * 1024 },
  maxSessionMemory: 64,
  maxHeaderListPairs: 256,
};

/**
 * Opens a wire to a runner. Rejects with `wire_refused` when the runner refuses it and `runner_failed` when there is no
 * runner to speak with; the stream is destroyed then.
 */
export async function openWire(options: OpenWireOptions): Promise<Wire> {
  const { hello, handlers, helloTimeoutMs = 10_000, pingMs = 30_000 } = options;
  const duplex = withoutHandle(options.duplex);
  duplex.on('error', () => undefined);
  let accepted: Awaited<ReturnType<typeof exchangeHello>>;
  try {
    accepted = await exchangeHello(duplex, hello, helloTimeoutMs);
  } catch (error) {
    duplex.destroy();
    throw error;
  }
  return serveWire(duplex, { committed: hello.upCommitted, downTaken: accepted.downTaken }, handlers, {
    helloTimeoutMs,
    pingMs,
  });
}

interface Times {
  readonly helloTimeoutMs: number;
  readonly pingMs: number;
}

function serveWire(
  duplex: Duplex,
  at: { readonly committed: number; readonly downTaken: number },
  handlers: WireHandlers,
  times: Times,
): Wire {
  const session = performServerHandshake(duplex, http2Options);
  const { promise: closed, resolve } = Promise.withResolvers<{ readonly reason: string }>();
  const waiting: Parameters<Wire['send']>[] = [];
  let stream: ServerHttp2Stream | undefined;
  let isOpen = true;

  function close(reason: string): void {
    if (!isOpen) return;
    isOpen = false;
    clearTimeout(opening);
    clearInterval(pings);
    waiting.length = 0;
    // An acknowledgement written just before still goes out. Then the bytes end first: a session that can still write
    // would end its open answers as if they were whole.
    setImmediate(() => {
      duplex.destroy();
      session.destroy();
    });
    resolve({ reason });
  }

  const opening = setTimeout(() => close('The runner did not open its stream'), times.helloTimeoutMs);
  const pings = startPings(session, times.pingMs, () => close('The runner does not answer any more'));

  function serveStream(opened: ServerHttp2Stream): void {
    stream = opened;
    clearTimeout(opening);
    opened.respond({ ':status': 200, 'content-type': 'application/x-ndjson' });
    for (const [n, frame] of waiting.splice(0)) writeLine(opened, { n, frame });
    readUp(opened, at.committed, handlers).then(
      () => close('The runner ended its stream'),
      (error: unknown) => close(error instanceof Error ? error.message : String(error)),
    );
  }

  session.on('stream', (opened: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    opened.on('error', () => undefined);
    // The session may have broken between the head of the request and now.
    if (opened.destroyed) return;
    const path = headers[':path'] ?? '';
    if (path.startsWith(`${wireRoutes.model}/`)) serveModel(opened, headers, handlers.onModel);
    else if (path.startsWith(`${wireRoutes.mcp}/`)) serveMcp(opened, headers, handlers.onMcp);
    else if (path === wireRoutes.transcript && headers[':method'] === 'GET')
      serveTranscript(opened, handlers.onTranscript);
    else if (path === wireRoutes.stream && headers[':method'] === 'POST' && !stream) serveStream(opened);
    else opened.close(constants.NGHTTP2_REFUSED_STREAM);
  });
  session.on('error', (error: Error) => close(`The wire failed: ${error.message}`));
  session.on('close', () => close('The wire closed'));
  duplex.on('close', () => close('The stream to the runner ended'));
  session.setLocalWindowSize(windowBytes * 4);

  return {
    downTaken: at.downTaken,
    send(n, frame) {
      if (!isOpen) return;
      if (stream) writeLine(stream, { n, frame });
      else waiting.push([n, frame]);
    },
    close: () => close('This host closed the wire'),
    closed,
  };
}

function startPings(
  session: ReturnType<typeof performServerHandshake>,
  everyMs: number,
  onLost: () => void,
): NodeJS.Timeout {
  let answered = true;
  return setInterval(() => {
    if (!answered) return onLost();
    if (session.destroyed) return;
    answered = false;
    session.ping((error) => {
      if (error === null) answered = true;
    });
  }, everyMs).unref();
}
