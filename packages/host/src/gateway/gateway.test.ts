import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import type { ModelRequest } from '../wire/wire.ts';
import { createModelGateway, type ModelGatewayOptions } from './gateway.ts';

const key = 'sk-ant-secret';
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
let sockets = 0;

/** A gateway to an upstream that answers as told; it listens on an abstract socket. */
async function gatewayTo(answer: Answer, options: Partial<ModelGatewayOptions> = {}) {
  sockets += 1;
  const address = `\0airlock-gateway-test-${process.pid}-${sockets}`;
  const server = createServer(answer);
  server.listen(address);
  await once(server, 'listening');
  const agent = new Agent();
  agent.createConnection = () => connect(address);
  cleanups.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const used: unknown[] = [];
  const gateway = createModelGateway({
    baseUrl: 'http://upstream/base/',
    apiKey: key,
    agent,
    onUsage: (usage) => used.push(usage),
    ...options,
  });
  return { gateway, used };
}

function post(path = '/v1/messages', more: Partial<ModelRequest> = {}): ModelRequest {
  return {
    method: 'POST',
    path,
    headers: {},
    body: Readable.from(['{}']),
    signal: new AbortController().signal,
    ...more,
  };
}

const event = (name: string, data: object) => `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`;
const start = event('message_start', {
  message: { model: 'claude-opus-4-8', usage: { input_tokens: 10, output_tokens: 1, cache_read_input_tokens: 4 } },
});
const delta = event('message_delta', { usage: { output_tokens: 100 } });
const stop = event('message_stop', {});

function streaming(response: ServerResponse): ServerResponse {
  return response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
}

describe('what is let through', () => {
  it.each(['/v1/messages', '/v1/messages?beta=true', '/v1/messages/count_tokens'])('%s', async (path) => {
    let seen = '';
    const { gateway } = await gatewayTo((request, response) => {
      seen = request.url ?? '';
      response.end('{}');
    });
    const answer = await gateway.handle(post(path), 's');
    await text(answer.body);
    expect([answer.status, seen]).toEqual([200, `/base${path}`]);
  });

  it.each([
    ['POST', '/v1/models'],
    ['GET', '/v1/messages'],
    ['POST', '/v1/messages/../files'],
    ['POST', '/v1/messages/%2e%2e/files'],
    ['POST', '//evil.example/v1/messages'],
    ['POST', 'http://evil.example/v1/messages'],
    ['POST', '/v1/messages?x=#y'],
    ['POST', '/v1/messages/batches'],
  ])('not %s %s', async (method, path) => {
    const { gateway } = await gatewayTo(() => expect.unreachable());
    const answer = await gateway.handle(post(path, { method }), 's');
    expect(answer.status).toBe(403);
    expect(JSON.parse(await text(answer.body))).toMatchObject({ type: 'error', error: { type: 'permission_error' } });
  });

  it('the key, but no header that signs in, routes or belongs to one hop', async () => {
    let seen: IncomingMessage['headers'] = {};
    const { gateway } = await gatewayTo((request, response) => {
      seen = request.headers;
      response.writeHead(200, { 'set-cookie': 'a=b', 'request-id': 'r', server: 'x' }).end('{}');
    });
    const headers = {
      authorization: 'Bearer x',
      'x-api-key': 'fake',
      cookie: 'c',
      host: 'evil',
      connection: 'close',
      'x-forwarded-host': 'evil',
      'anthropic-version': '2023-06-01',
      'accept-encoding': 'gzip',
    };
    const answer = await gateway.handle(post(undefined, { headers }), 's');
    await text(answer.body);
    expect(seen).toMatchObject({ 'x-api-key': key, host: 'upstream', 'anthropic-version': '2023-06-01' });
    expect(seen['accept-encoding']).toBe('identity');
    for (const name of ['authorization', 'cookie', 'x-forwarded-host']) expect(seen).not.toHaveProperty(name);
    expect(answer.headers).toEqual({ 'request-id': 'r' });
  });
});

describe('a streamed answer', () => {
  it('passes each event at once, and is metered before its end', async () => {
    let upstream: ServerResponse | undefined;
    const { gateway, used } = await gatewayTo((_request, response) => {
      upstream = streaming(response);
      upstream.write(start);
    });
    const { body } = await gateway.handle(post(), 's');
    expect(String((await once(body, 'data'))[0])).toBe(start);
    upstream?.write(delta);
    expect(String((await once(body, 'data'))[0])).toBe(delta);
    expect(used).toEqual([]);
    upstream?.end(stop);
    await once(body, 'data');
    expect(used).toEqual([
      {
        session: 's',
        model: 'claude-opus-4-8',
        usage: { inputTokens: 10, outputTokens: 100, cacheReadTokens: 4, cacheWriteTokens: 0, costMicroUsd: 2552 },
      },
    ]);
    expect(gateway.lastUpstreamError('s')).toBeUndefined();
  });

  it('is cut by an error event, after everything before it', async () => {
    const { gateway, used } = await gatewayTo((_request, response) => {
      const failure = event('error', { error: { type: 'overloaded_error', message: 'Overloaded' } });
      streaming(response).end(start + failure);
    });
    const { body } = await gateway.handle(post(), 's');
    const seen: string[] = [];
    body.on('data', (chunk) => seen.push(String(chunk)));
    await expect(once(body, 'end')).rejects.toThrow('The answer was cut');
    expect(seen).toEqual([start]);
    expect(gateway.lastUpstreamError('s')).toEqual({ code: 'model_overloaded', detail: 'Overloaded', status: null });
    expect(used).toHaveLength(1);
  });

  it.each([
    ['silence', (response: ServerResponse) => streaming(response).write(start), 'It sent nothing for 0 s'],
    ['a lost connection', (response: ServerResponse) => streaming(response).write(start, () => response.destroy()), ''],
    ['an early end', (response: ServerResponse) => streaming(response).end(start), 'before it was complete'],
  ])('is cut by %s', async (_what, answer, detail) => {
    const { gateway } = await gatewayTo((_request, response) => void answer(response), { idleMs: 30 });
    const { body } = await gateway.handle(post(), 's');
    await expect(text(body)).rejects.toThrow('The answer was cut');
    expect(gateway.lastUpstreamError('s')?.detail).toContain(detail);
  });

  it('stops upstream when nobody waits for it', async () => {
    const gone = Promise.withResolvers<void>();
    const { gateway } = await gatewayTo((_request, response) => {
      streaming(response).write(start);
      response.once('close', gone.resolve);
    });
    const { body } = await gateway.handle(post(), 's');
    body.on('error', () => undefined);
    body.destroy();
    await gone.promise;
    expect(gateway.lastUpstreamError('s')).toBeUndefined();
  });
});

describe('an answer that is not streamed', () => {
  it('is metered too', async () => {
    const message = { model: 'claude-unknown', usage: { input_tokens: 3, output_tokens: 2 } };
    const { gateway, used } = await gatewayTo((_request, response) => response.end(JSON.stringify(message)));
    const { body } = await gateway.handle(post(), 's');
    expect(JSON.parse(await text(body))).toEqual(message);
    expect(used).toMatchObject([{ usage: { inputTokens: 3, outputTokens: 2, costMicroUsd: null } }]);
  });
});

describe('when the upstream fails', () => {
  it.each([
    [400, 'false', 'model_refused'],
    [401, 'false', 'model_key_refused'],
    [403, 'false', 'model_key_refused'],
    [429, undefined, 'model_limited'],
    [500, undefined, 'model_unreachable'],
    [529, undefined, 'model_overloaded'],
  ])('%i is passed on with x-should-retry %s', async (status, retry, code) => {
    const { gateway } = await gatewayTo((_request, response) => {
      response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '2' });
      response.end(JSON.stringify({ type: 'error', error: { type: 'x', message: `No to ${key}` } }));
    });
    const answer = await gateway.handle(post(), 's');
    expect(answer.status).toBe(status);
    expect(answer.headers['x-should-retry']).toBe(retry);
    expect(answer.headers['retry-after']).toBe('2');
    expect(await text(answer.body)).not.toContain(key);
    expect(gateway.lastUpstreamError('s')).toEqual({ code, detail: `No to [key] (${status})`, status });
  });

  it('puts an error of another form into the API’s', async () => {
    const { gateway } = await gatewayTo((_request, response) => void response.writeHead(502).end('<html>'));
    const answer = await gateway.handle(post(), 's');
    expect(JSON.parse(await text(answer.body))).toMatchObject({ error: { message: 'It answered 502' } });
  });

  it('says what is wrong when nobody listens', async () => {
    const { gateway } = await gatewayTo(() => undefined);
    const agent = new Agent();
    agent.createConnection = () => connect('\0airlock-nobody');
    const unreachable = createModelGateway({ baseUrl: 'http://upstream', apiKey: key, agent });
    const answer = await unreachable.handle(post(), 's');
    expect(answer).toMatchObject({ status: 502, headers: { 'x-should-retry': 'true' } });
    expect(unreachable.lastUpstreamError('s')).toMatchObject({
      code: 'model_unreachable',
      detail: 'upstream refuses connections',
    });
    expect(gateway.lastUpstreamError('s')).toBeUndefined();
  });

  it('gives up on an upstream that never answers', async () => {
    const { gateway } = await gatewayTo(() => undefined, { headersTimeoutMs: 20 });
    expect((await gateway.handle(post(), 's')).status).toBe(504);
  });

  it('refuses a body that is too large', async () => {
    const { gateway } = await gatewayTo((request) => request.resume());
    const body = Readable.from(Array.from({ length: 33 }, () => Buffer.alloc(1024 * 1024)));
    const answer = await gateway.handle(post(undefined, { body }), 's');
    expect(answer).toMatchObject({ status: 413, headers: { 'x-should-retry': 'false' } });
  });

  it('asks for a key when there is none', async () => {
    const { gateway } = await gatewayTo(() => expect.unreachable(), { apiKey: undefined });
    const answer = await gateway.handle(post(), 's');
    expect(answer).toMatchObject({ status: 401, headers: { 'x-should-retry': 'false' } });
    expect(await text(answer.body)).toContain('set ANTHROPIC_API_KEY');
    expect(gateway.lastUpstreamError('s')?.code).toBe('model_key_missing');
  });
});
