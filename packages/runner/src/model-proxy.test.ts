import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import { connect as connectSocket, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { createLinks } from './links.ts';
import { type Loopback, listenOnLoopback } from './loopback.ts';
import { serveModelProxy } from './model-proxy.ts';
import { createWireLink } from './wire-link.ts';

type OnModel = (stream: ServerHttp2Stream, path: string) => void;

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

let hosts = 0;

async function startProxy() {
  const links = createLinks();
  const proxy = await listenOnLoopback();
  serveModelProxy(proxy.server, links, () => Promise.reject(new Error('Not asked for')));
  cleanups.push(() => proxy.close());
  /** A host at the other end of a new wire. */
  const attach = async (onModel: OnModel) => {
    hosts += 1;
    const address = `\0airlock-proxy-test-${process.pid}-${hosts}`;
    const server = createServer();
    const sockets: Socket[] = [];
    server.on('connection', (socket: Socket) => sockets.push(socket));
    server.on('session', (session) => session.on('error', () => undefined));
    server.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      const path = headers[':path'] ?? '';
      if (path === '/stream') stream.respond({ ':status': 200 });
      else onModel(stream, path);
    });
    server.listen(address);
    await once(server, 'listening');
    const socket = connectSocket(address);
    await once(socket, 'connect');
    const link = createWireLink(socket, { onLine: () => undefined, onDrain: () => undefined, onClose: links.unset });
    links.set(link);
    const cut = () => {
      for (const other of sockets) other.destroy();
      server.close();
    };
    cleanups.push(cut);
    return { link, cut };
  };
  return { proxy, attach };
}

async function post(proxy: Loopback, body = '{}'): Promise<IncomingMessage> {
  const request = httpRequest(`${proxy.url}/v1/messages?beta=true`, { method: 'POST', headers: { 'x-mine': '1' } });
  request.end(body);
  const [response] = await once(request, 'response');
  return response as IncomingMessage;
}

describe('serveModelProxy()', () => {
  it('P3. passes a request up and every piece of its answer down as it comes', async () => {
    const { proxy, attach } = await startProxy();
    let host: ServerHttp2Stream | undefined;
    await attach((stream, path) => {
      expect(path).toBe('/model/v1/messages?beta=true');
      host = stream;
      stream.respond({ ':status': 200, 'content-type': 'text/event-stream' });
      stream.write('one');
    });
    const response = await post(proxy);
    expect(response.headers['content-type']).toBe('text/event-stream');
    expect(String((await once(response, 'data'))[0])).toBe('one');
    host?.write('two');
    expect(String((await once(response, 'data'))[0])).toBe('two');
    host?.end();
    await once(response, 'end');
  });

  it('P1. waits for a host, and asks the next one when a wire goes before the answer begins', async () => {
    const { proxy, attach } = await startProxy();
    const answering = post(proxy, 'the body');
    const asked = Promise.withResolvers<void>();
    const first = await attach(() => asked.resolve());
    await asked.promise;
    first.cut();
    await attach((stream) => {
      stream.respond({ ':status': 200 });
      stream.pipe(stream);
    });
    expect(await text(await answering)).toBe('the body');
  });

  it.each(['the wire', 'the stream'])('P2. breaks off an answer when %s is cut', async (what) => {
    const { proxy, attach } = await startProxy();
    let host: ServerHttp2Stream | undefined;
    const { cut } = await attach((stream) => {
      host = stream;
      stream.respond({ ':status': 200 });
      stream.write('half');
    });
    const response = await post(proxy);
    await once(response, 'data');
    if (what === 'the wire') cut();
    else host?.destroy(new Error('Cut'));
    await expect(text(response)).rejects.toThrow('aborted');
  });

  it('P2. breaks off a request the host refuses to begin', async () => {
    const { proxy, attach } = await startProxy();
    await attach((stream) => stream.close(2));
    await expect(post(proxy)).rejects.toThrow('socket hang up');
  });

  it('P4. cancels upstream when the CLI gives up', async () => {
    const { proxy, attach } = await startProxy();
    const cancelled = Promise.withResolvers<number>();
    await attach((stream) => {
      stream.respond({ ':status': 200 });
      stream.write('half');
      stream.once('close', () => cancelled.resolve(stream.rstCode ?? 0));
    });
    const response = await post(proxy);
    response.on('error', () => undefined);
    response.destroy();
    expect(await cancelled.promise).toBe(8);
  });

  it('has no way out to the network', async () => {
    const { proxy } = await startProxy();
    const { port } = new URL(proxy.url);
    const request = httpRequest({ port, path: 'http://example.com/' });
    request.end();
    const [response] = await once(request, 'response');
    expect(response.statusCode).toBe(403);
    expect(await text(response)).toContain('no way out to the network, so http://example.com/ cannot be reached');
    const tunnel = httpRequest({ port, method: 'CONNECT', path: 'example.com:443' });
    tunnel.end();
    const [refused] = await once(tunnel, 'connect');
    expect(refused.statusCode).toBe(403);
  });
});
