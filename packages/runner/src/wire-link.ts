import { type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2';
import type { Duplex } from 'node:stream';
import { createLineReader } from '@airlock/protocol/lines';
import { maxWireLine, wireRoutes } from '@airlock/protocol/wire';
import type { LineSink } from './uplink.ts';

/** HTTP/2 over one accepted connection. */
export interface WireLink {
  readonly sink: LineSink;
  /** Begins a model request; `path` is the model API's own. */
  request(method: string, path: string, headers: OutgoingHttpHeaders): ClientHttp2Stream;
  /** Begins a request to an MCP server; `path` is below `wireRoutes.mcp`. */
  mcp(method: string, path: string, headers: OutgoingHttpHeaders): ClientHttp2Stream;
  /** Asks for the transcript the host has kept. */
  transcript(): AsyncIterable<Uint8Array>;
  readonly isOpen: boolean;
  /** Resolves when it no longer is. */
  readonly closed: Promise<void>;
  close(): void;
}

export interface WireLinkEvents {
  readonly onLine: (line: string) => void;
  readonly onDrain: (sink: LineSink) => void;
  /** Called once. */
  readonly onClose: (link: WireLink) => void;
}

const windowBytes = 4 * 1024 * 1024;

/** Starts HTTP/2 on a connection whose hello was accepted, and opens the numbered streams. */
export function createWireLink(socket: Duplex, events: WireLinkEvents): WireLink {
  const session = connect('http://host', {
    createConnection: () => socket,
    settings: { initialWindowSize: windowBytes, enablePush: false, maxHeaderListSize: 256 * 1024 },
    maxSessionMemory: 64,
    maxHeaderListPairs: 256,
  });
  const { promise: closed, resolve: resolveClosed } = Promise.withResolvers<void>();
  let isOpen = true;

  function close(): void {
    if (!isOpen) return;
    isOpen = false;
    session.destroy();
    socket.destroy();
    events.onClose(link);
    resolveClosed();
  }

  session.on('error', close).on('close', close).on('goaway', close);
  session.once('connect', () => session.setLocalWindowSize(windowBytes * 4));
  const stream = session.request({ ':method': 'POST', ':path': wireRoutes.stream }, { endStream: false });
  const sink: LineSink = { write: (line) => stream.write(line) };
  stream.on('drain', () => events.onDrain(sink));
  readLines(stream, events.onLine, close);

  const link: WireLink = {
    sink,
    request: (method, path, headers) => {
      const target = { ...headers, ':method': method, ':path': `${wireRoutes.model}${path}` };
      return session.request(target, { endStream: false });
    },
    mcp: (method, path, headers) =>
      session.request({ ...headers, ':method': method, ':path': path }, { endStream: false }),
    transcript: () => session.request({ ':method': 'GET', ':path': wireRoutes.transcript }),
    get isOpen() {
      return isOpen && !session.destroyed;
    },
    closed,
    close,
  };
  return link;
}

/** A line that cannot be taken closes the wire, as does the end of the stream. */
function readLines(stream: ClientHttp2Stream, onLine: (line: string) => void, close: () => void): void {
  const reader = createLineReader(maxWireLine);
  stream.on('data', (chunk: Buffer) => {
    try {
      for (const line of reader.push(chunk)) onLine(line);
    } catch {
      close();
    }
  });
  stream.on('error', close).on('close', close);
}
