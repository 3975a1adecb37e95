import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { RemoteMcpServer } from '@airlock/protocol/mcp';
import { afterEach, describe, expect, it } from 'vitest';
import type { McpRequest } from '../wire/wire.ts';
import { createMcpGateway } from './mcp-gateway.ts';
import { createSecrets } from './secrets.ts';

const value = 'token-0123456789';
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** An MCP server that answers as told, and a gateway that has a secret for it. */
async function gatewayTo(answer: RequestListener, more: { headersTimeoutMs?: number } = {}) {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const gateway = createMcpGateway({ secrets: createSecrets(new Map([['TOKEN', { value, hosts: [host] }]])), ...more });
  const problems: string[] = [];
  const issues: RemoteMcpServer = {
    url: `http://${host}/mcp?team=a`,
    headers: { Authorization: 'Bearer {{TOKEN}}', 'x-team': 'a' },
  };
  const ask = (request: Partial<McpRequest> = {}, known: RemoteMcpServer | undefined = issues) =>
    gateway.handle(post(request), { session: 's', server: known, onProblem: (problem) => problems.push(problem) });
  const said = async (request: Partial<McpRequest> = {}, known?: RemoteMcpServer) => {
    const { status, body } = await ask(request, known);
    return [status, await text(body)] as const;
  };
  return { host, server, gateway, problems, issues, ask, said };
}

function post(more: Partial<McpRequest>): McpRequest {
  const { signal } = new AbortController();
  return { method: 'POST', server: 'issues', headers: {}, body: Readable.from(['{}']), signal, ...more };
}

const ok: RequestListener = (_, response) => response.end('{}');

describe('a request', () => {
  it('goes to the address of the options, with the headers of the options and of the transport alone', async () => {
    let seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string } | undefined;
    const { ask, host } = await gatewayTo((request, response) => {
      const { method = '', url = '', headers } = request;
      void text(request).then((body) => {
        seen = { method, url, headers, body };
        response.writeHead(200, {
          'set-cookie': 'a=b',
          'mcp-session-id': '1',
          server: 'x',
          'www-authenticate': 'Bearer',
        });
        response.end('{}');
      });
    });
    const headers = {
      ':authority': 'evil.example',
      host: 'evil.example',
      authorization: 'Bearer of-the-container',
      cookie: 'c',
      'x-team': 'b',
      'x-forwarded-host': 'evil.example',
      'proxy-authorization': 'x',
      'transfer-encoding': 'gzip',
      connection: 'upgrade',
      upgrade: 'websocket',
      'accept-encoding': 'gzip',
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-session-id': '1',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-param-region': 'eu',
      'mcp-x': 'y',
      'last-event-id': 'a\r\nhost: evil.example',
    };
    const answer = await ask({ headers, body: Readable.from(['{"a":', '1}']) });
    await text(answer.body);
    expect(seen).toMatchObject({ method: 'POST', url: '/mcp?team=a', body: '{"a":1}' });
    expect(seen?.headers).toEqual({
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-session-id': '1',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-param-region': 'eu',
      'accept-encoding': 'identity',
      'user-agent': 'airlock',
      authorization: `Bearer ${value}`,
      'x-team': 'a',
      host,
      connection: 'close',
      'transfer-encoding': 'chunked',
    });
    expect(answer.headers).toEqual({ 'mcp-session-id': '1' });
  });

  it.each(['GET', 'DELETE'])('of the method %s has no body', async (method) => {
    const seen: unknown[] = [];
    const { said } = await gatewayTo((request, response) => {
      void text(request).then((body) => {
        seen.push(request.method, body, request.headers['content-length'] ?? '0');
        response.end();
      });
    });
    const headers = { 'content-length': '5' };
    expect(await said({ method, headers, body: Readable.from(['12345']) })).toEqual([200, '']);
    expect(seen).toEqual([method, '', '0']);
  });

  it.each(['PUT', 'CONNECT', 'get', ''])('of the method "%s" goes nowhere', async (method) => {
    const { said } = await gatewayTo(() => expect.unreachable());
    expect(await said({ method })).toEqual([405, 'MCP over HTTP is GET, POST and DELETE\n']);
  });

  it('to a server the options do not have goes nowhere', async () => {
    const { gateway } = await gatewayTo(() => expect.unreachable());
    const onProblem = () => expect.unreachable();
    const answer = await gateway.handle(post({ server: '../x' }), { session: 's', server: undefined, onProblem });
    expect(answer.status).toBe(404);
  });

  it('that is too large is cut, and nobody is told that the server failed', async () => {
    const { said, problems } = await gatewayTo((request) => void request.resume());
    const body = Readable.from(Array.from({ length: 9 }, () => Buffer.alloc(1024 * 1024)));
    expect(await said({ body })).toEqual([413, 'The request is larger than 8 MB\n']);
    expect(problems).toEqual([]);
  });
});

describe('an answer', () => {
  it('begins before it has a byte, and every event is passed on as it comes', async () => {
    let upstream: ServerResponse | undefined;
    const { ask } = await gatewayTo((_, response) => {
      upstream = response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
    });
    const { body, headers } = await ask({ method: 'GET' });
    expect(headers).toEqual({ 'content-type': 'text/event-stream' });
    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      upstream?.write(event);
      expect(String((await once(body, 'data'))[0])).toBe(event);
    }
    upstream?.end();
    await once(body, 'end');
  });

  it('has no secret in it, even if the server repeats it', async () => {
    const { ask } = await gatewayTo((_, response) => {
      response.writeHead(200, { 'mcp-session-id': `of ${value}` });
      response.write(`You sent ${value.slice(0, 5)}`);
      response.end(`${value.slice(5)}!`);
    });
    const { headers, body } = await ask();
    expect([headers['mcp-session-id'], await text(body)]).toEqual(['of [secret]', 'You sent [secret]!']);
  });

  it('ends upstream when nobody waits for it any more', async () => {
    const closed = Promise.withResolvers<void>();
    const { ask } = await gatewayTo((_, response) => {
      response.once('close', closed.resolve);
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    });
    const gone = new AbortController();
    const { body } = await ask({ method: 'GET', signal: gone.signal });
    body.on('error', () => undefined);
    gone.abort();
    await closed.promise;
  });

  it('that is broken off is cut, never ended, and people are told of a call', async () => {
    const { ask, problems } = await gatewayTo((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: half', () => response.destroy());
    });
    await expect(text((await ask({ method: 'GET' })).body)).rejects.toThrow();
    expect(problems).toEqual([]);
    await expect(text((await ask()).body)).rejects.toThrow();
    expect(problems).toEqual(['The MCP server issues broke off its answer']);
  });

  it.each([404, 405, 400])('%s is between Claude and the server', async (status) => {
    const { said, problems } = await gatewayTo((_, response) => response.writeHead(status).end(`No: ${value}`));
    expect(await said()).toEqual([status, 'No: [secret]']);
    expect(problems).toEqual([]);
  });
});

describe('what is wrong with a server', () => {
  it.each([
    [401, 'refuses the credentials (401 from HOST): check its headers and AIRLOCK_SECRET_TOKEN'],
    [403, 'refuses access (403 from HOST): check its headers and AIRLOCK_SECRET_TOKEN'],
  ])('%s: people are told, and Claude is not asked to sign in', async (status, words) => {
    const { ask, problems, host } = await gatewayTo((_, response) => {
      response.writeHead(status, { 'www-authenticate': 'Bearer resource_metadata="http://evil.example/"' }).end(value);
    });
    const problem = `The MCP server issues ${words.replace('HOST', host)}`;
    const { status: given, headers, body } = await ask();
    expect([given, await text(body)]).toEqual([502, `${problem}\n`]);
    expect(headers).toEqual({ 'content-type': 'text/plain; charset=utf-8' });
    expect(problems).toEqual([problem]);
  });

  it('a redirect is not followed', async () => {
    const { said, problems } = await gatewayTo((request, response) => {
      expect(request.url).toBe('/mcp?team=a');
      response.writeHead(307, { location: `/other/${value}?key=1` }).end();
    });
    const [status, words] = await said();
    expect(status).toBe(502);
    expect(words).toMatch(/redirects to http:\/\/127\.0\.0\.1:\d+\/other\/\[secret\], which Airlock does not follow/);
    expect(problems.map((problem) => `${problem}\n`)).toEqual([words]);
  });

  it('it compresses, or fails', async () => {
    let status = 200;
    const { said } = await gatewayTo((_, response) => {
      response.writeHead(status, { 'content-encoding': 'gzip' }).end(`Oh ${value}`);
    });
    expect((await said())[1]).toContain('compresses its answers');
    status = 503;
    expect(await said()).toEqual([503, 'Oh [secret]']);
  });

  it('nobody listens, or it says nothing, or no HTTP', async () => {
    const closed = await gatewayTo(ok);
    closed.server.close();
    await once(closed.server, 'close');
    expect(await closed.said()).toEqual([502, `The MCP server issues: ${closed.host} refuses connections\n`]);

    const silent = await gatewayTo(() => undefined, { headersTimeoutMs: 5 });
    expect((await silent.said())[1]).toContain('No answer within');

    const odd = createTcpServer((socket) => socket.end(`${value} is no HTTP\r\n\r\n`));
    odd.listen(0, '127.0.0.1');
    await once(odd, 'listening');
    cleanups.push(() => odd.close());
    const { port } = odd.address() as AddressInfo;
    const { said, issues } = await gatewayTo(ok);
    const words = (await said({}, { ...issues, url: `http://127.0.0.1:${port}/`, headers: {} }))[1];
    expect(words).toContain(`The MCP server issues: 127.0.0.1:${port}`);
    expect(words).not.toContain(value);
  });

  it('is told once, and again when it was well in between', async () => {
    const answers = [500, 500, 200, 500];
    const { said, problems, gateway } = await gatewayTo((_, response) =>
      response.writeHead(answers.shift() ?? 500).end(),
    );
    for (const _ of [1, 2, 3, 4]) await said();
    expect(problems).toEqual(Array(2).fill('The MCP server issues answered 500'));
    gateway.forget('s');
    await said();
    expect(problems).toHaveLength(3);
  });
});

describe('a secret', () => {
  it('that is missing, or is for another host, is named and never sent', async () => {
    const { said, issues, problems } = await gatewayTo(() => expect.unreachable());
    const missing = { ...issues, headers: { authorization: '{{OTHER}}' } };
    expect(await said({}, missing)).toEqual([502, expect.stringContaining('AIRLOCK_SECRET_OTHER is not set')]);
    const elsewhere = { ...issues, url: 'http://127.0.0.1:1/' };
    const words = 'AIRLOCK_SECRET_HOSTS_TOKEN does not name 127.0.0.1:1, where the MCP server issues is';
    expect(await said({}, elsewhere)).toEqual([502, `A secret cannot be used: ${words}\n`]);
    expect(problems).toHaveLength(2);
  });

  it('is required before anything starts', () => {
    const secrets = createSecrets(new Map([['TOKEN', { value, hosts: ['a.example'] }]]));
    const headers = { authorization: 'Bearer {{TOKEN}}' };
    secrets.require({ a: { url: 'https://a.example/mcp', headers }, b: { command: 'b' } });
    const wrong = () => secrets.require({ a: { url: 'https://a.example:8443/mcp', headers } });
    expect(wrong).toThrow('AIRLOCK_SECRET_HOSTS_TOKEN does not name a.example:8443');
    expect(() => secrets.require({ a: { url: 'https://b.example/', headers: { x: '{{NO}}' } } })).toThrow(
      'AIRLOCK_SECRET_NO is not set; the MCP server a wants it',
    );
  });
});

it('every request has a connection of its own', async () => {
  const ports = new Set<number | undefined>();
  const { said } = await gatewayTo((request, response) => {
    ports.add(request.socket.remotePort);
    response.end('{}');
  });
  await said();
  await said();
  expect(ports.size).toBe(2);
});
