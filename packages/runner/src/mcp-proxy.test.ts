import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { connect as connectSocket, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { McpHttpServerConfig } from '@anthropic-ai/claude-agent-sdk';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { afterEach, describe, expect, it } from 'vitest';
import { createLinks } from './links.ts';
import { listenOnLoopback } from './loopback.ts';
import { createMcpProxy } from './mcp-proxy.ts';
import { serveModelProxy } from './model-proxy.ts';
import { createWireLink } from './wire-link.ts';

type OnMcp = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

let hosts = 0;

async function startProxy() {
  const links = createLinks();
  const mcp = createMcpProxy(links);
  const proxy = await listenOnLoopback();
  serveModelProxy(proxy.server, links, mcp.serve);
  cleanups.push(() => proxy.close());
  const { issues } = mcp.configs({ issues: { type: 'http' } }, proxy.url) as { issues: McpHttpServerConfig };
  /** A host at the other end of a new wire. */
  const attach = async (onMcp: OnMcp) => {
    hosts += 1;
    const address = `\0airlock-mcp-test-${process.pid}-${hosts}`;
    const server = createServer();
    const sockets: Socket[] = [];
    server.on('connection', (socket: Socket) => sockets.push(socket));
    server.on('session', (session) => session.on('error', () => undefined));
    server.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      if (headers[':path'] === '/stream') stream.respond({ ':status': 200 });
      else onMcp(stream, headers);
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
  /** Asks as the CLI does, with more headers or without its key. */
  const ask = async (method: string, body = '', headers: Record<string, string> = issues.headers ?? {}) => {
    const request = httpRequest(issues.url, { method, headers });
    cleanups.push(() => request.destroy());
    request.end(body);
    const [response] = await once(request, 'response');
    return response as IncomingMessage;
  };
  return { mcp, proxy, issues, attach, ask };
}

const call = JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: {} });
const event = (message: object) => `event: message\ndata: ${JSON.stringify(message)}\n\n`;

describe('createMcpProxy()', () => {
  it('tells the CLI of servers in the container as they are, and of the others where it finds them here', async () => {
    const { mcp, issues } = await startProxy();
    const local = { command: 'python3', args: ['server.py'] };
    expect(mcp.configs({ local }, 'http://x')).toEqual({ local });
    expect(issues.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/mcp\/issues$/);
  });

  it('passes a request up with the headers of the transport alone, and every piece of its answer down', async () => {
    const { ask, attach, issues } = await startProxy();
    let host: ServerHttp2Stream | undefined;
    let seen: IncomingHttpHeaders = {};
    await attach((stream, headers) => {
      [host, seen] = [stream, headers];
      stream.respond({ ':status': 200, 'content-type': 'text/event-stream', 'mcp-session-id': 's' });
      stream.write('one');
    });
    const transport = { 'mcp-session-id': 's', 'mcp-method': 'tools/call', 'last-event-id': '3', accept: '*/*' };
    const response = await ask('POST', call, { ...issues.headers, ...transport, cookie: 'c', 'x-mine': '1' });
    expect(response.headers).toMatchObject({ 'content-type': 'text/event-stream', 'mcp-session-id': 's' });
    expect(String((await once(response, 'data'))[0])).toBe('one');
    host?.write('two');
    expect(String((await once(response, 'data'))[0])).toBe('two');
    host?.end();
    await once(response, 'end');
    expect(seen).toMatchObject({ ':method': 'POST', ':path': '/mcp/issues', 'content-length': `${call.length}` });
    expect(seen).toMatchObject(transport);
    for (const name of ['authorization', 'cookie', 'x-mine']) expect(seen).not.toHaveProperty(name);
  });

  it('begins an answer before it has a byte', async () => {
    const { ask, attach } = await startProxy();
    await attach((stream) => stream.respond({ ':status': 200, 'content-type': 'text/event-stream' }));
    expect((await ask('GET')).statusCode).toBe(200);
  });

  it('P5. a POST waits for a host, and is never sent a second time', async () => {
    const { ask, attach } = await startProxy();
    const answering = ask('POST', call);
    const asked = Promise.withResolvers<void>();
    let second = 0;
    const first = await attach(() => asked.resolve());
    await asked.promise;
    await attach((stream) => {
      second += 1;
      stream.respond({ ':status': 200 });
      stream.end('[]');
    });
    first.cut();
    const answer = await answering;
    expect([answer.statusCode, await text(answer)]).toEqual([502, expect.stringContaining('its outcome is unknown')]);
    expect(second).toBe(0);
    expect((await ask('POST', call)).statusCode).toBe(200);
  });

  it.each(['GET', 'DELETE'])('P5. a %s whose answer has not begun is asked again on the next wire', async (method) => {
    const { ask, attach } = await startProxy();
    const answering = ask(method);
    const asked = Promise.withResolvers<void>();
    const first = await attach(() => asked.resolve());
    await asked.promise;
    first.cut();
    await attach((stream, headers) => {
      expect(headers[':method']).toBe(method);
      stream.respond({ ':status': 200 });
      stream.end('whole');
    });
    expect(await text(await answering)).toBe('whole');
  });

  it.each(['the wire', 'the stream'])(
    'P5. a POST whose events are cut by the loss of %s is answered as unknown',
    async (what) => {
      const { ask, attach } = await startProxy();
      let host: ServerHttp2Stream | undefined;
      const { cut } = await attach((stream) => {
        host = stream;
        stream.respond({ ':status': 200, 'content-type': 'text/event-stream' });
        stream.write('event: message\ndata: {"jsonrpc":"2.0","me');
      });
      const response = await ask('POST', `[${call},{"jsonrpc":"2.0","method":"notifications/x"}]`);
      await once(response, 'data');
      if (what === 'the wire') cut();
      else host?.destroy(new Error('Cut'));
      const events = (await text(response)).split('\n\n').filter(Boolean);
      expect(events).toHaveLength(1);
      const answer = JSON.parse(events[0]?.split('data: ')[1] ?? '');
      expect(answer).toMatchObject({
        jsonrpc: '2.0',
        id: 7,
        error: { message: expect.stringContaining('is unknown') },
      });
    },
  );

  it('P5. a client of the MCP SDK is told of such a call at once', async () => {
    const { attach, issues } = await startProxy();
    const { cut } = await attach((stream, headers) => {
      if (headers[':method'] === 'GET') {
        stream.respond({ ':status': 405 }, { endStream: true });
        return;
      }
      void text(stream).then((body) => {
        const { id, method } = JSON.parse(body);
        const info = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'x', version: '1' } };
        stream.respond({ ':status': id === undefined ? 202 : 200, 'content-type': 'text/event-stream' });
        if (method === 'tools/call') stream.write(event({ jsonrpc: '2.0', method: 'notifications/message' }), cut);
        else if (id === undefined) stream.end();
        else stream.end(event({ jsonrpc: '2.0', id, result: info }));
      });
    });
    const client = new Client({ name: 'claude', version: '1' });
    const transport = new StreamableHTTPClientTransport(new URL(issues.url), {
      requestInit: { headers: issues.headers ?? {} },
    });
    await client.connect(transport as Transport);
    cleanups.push(() => void client.close());
    await expect(client.callTool({ name: 'create' })).rejects.toThrow('its outcome is unknown');
  });

  it('breaks off whatever else is cut', async () => {
    const { ask, attach } = await startProxy();
    await attach((stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/json' });
      stream.write('{"half":', () => stream.destroy(new Error('Cut')));
    });
    await expect(text(await ask('POST', call))).rejects.toThrow('aborted');
    await expect(text(await ask('GET'))).rejects.toThrow('aborted');
  });

  it('says so when the host does not take a request', async () => {
    const { ask, attach } = await startProxy();
    await attach((stream) => stream.close(7));
    expect([(await ask('POST', call)).statusCode, (await ask('GET')).statusCode]).toEqual([502, 502]);
  });

  it('cancels upstream when the CLI gives up', async () => {
    const { ask, attach } = await startProxy();
    const cancelled = Promise.withResolvers<number>();
    await attach((stream) => {
      stream.respond({ ':status': 200 });
      stream.once('close', () => cancelled.resolve(stream.rstCode ?? 0));
    });
    const response = await ask('GET');
    response.on('error', () => undefined);
    response.destroy();
    expect(await cancelled.promise).toBe(8);
  });

  it.each([
    ['without a key', {}],
    ['with another key', { authorization: 'Bearer guessed' }],
  ])('P6. lets nobody through %s', async (_, headers) => {
    const { ask, attach } = await startProxy();
    await attach(() => expect.unreachable());
    const answer = await ask('POST', call, headers);
    expect([answer.statusCode, await text(answer)]).toEqual([403, 'Only Claude may use this server\n']);
  });

  it('refuses what is too large', async () => {
    const { ask, attach } = await startProxy();
    await attach(() => expect.unreachable());
    expect((await ask('POST', 'x'.repeat(8 * 1024 * 1024 + 1))).statusCode).toBe(413);
  });
});
