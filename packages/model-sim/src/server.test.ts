import { afterEach, describe, expect, it } from 'vitest';
import { createModelSim, type ModelSim, type ModelSimOptions } from './server.ts';

const running: ModelSim[] = [];

afterEach(async () => {
  for (const sim of running.splice(0)) await sim.close();
});

async function start(yaml?: string, options: ModelSimOptions = {}): Promise<ModelSim> {
  const scripts = yaml === undefined ? [] : [{ yaml, file: 'f' }];
  const sim = createModelSim({ pace: 0, scripts, ...options });
  running.push(sim);
  await sim.listen();
  return sim;
}

function post(sim: ModelSim, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(sim.url + path, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

function ask(sim: ModelSim, text: string, more: object = {}, headers: Record<string, string> = {}): Promise<Response> {
  const messages = [{ role: 'user', content: text }];
  return post(sim, '/v1/messages?beta=true', { model: 'm', max_tokens: 100, stream: true, messages, ...more }, headers);
}

/** Reads a stream until it holds `end`. */
async function readUntil(reader: ReadableStreamDefaultReader<Uint8Array>, end: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  while (!text.includes(end)) {
    const { value, done } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  return text;
}

function readerOf(response: Response): ReadableStreamDefaultReader<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) throw new Error('The response has no body');
  return reader;
}

describe('model-sim over HTTP', () => {
  it('streams without holding anything back', async () => {
    const sim = await start(
      'scenarios: [{ steps: [{ blocks: [{ text: one two three, gate: { name: mid, piece: 2 } }] }] }]',
    );
    const reader = readerOf(await ask(sim, 'go'));
    await sim.control.gates.arrival('mid');
    const before = await readUntil(reader, '" two"');
    expect(before).not.toContain('three');
    sim.control.gates.release('mid');
    expect(await readUntil(reader, 'message_stop')).toContain('" three"');
  });

  it('answers whole when no stream is asked for', async () => {
    const sim = await start('scenarios: [{ steps: [{ say: hello, usage: { output_tokens: 7 } }] }]');
    const response = await ask(sim, 'go', { stream: false });
    expect(response.headers.get('request-id')).toMatch(/^req_/);
    expect(await response.json()).toMatchObject({
      type: 'message',
      content: [{ type: 'text', text: 'hello' }],
      stop_reason: 'end_turn',
      usage: { output_tokens: 7, cache_read_input_tokens: 0 },
    });
  });

  it('counts tokens the same way every time', async () => {
    const sim = await start();
    const body = { model: 'm', messages: [{ role: 'user', content: 'count me' }] };
    const counts = [];
    for (const _ of [1, 2]) counts.push(await (await post(sim, '/v1/messages/count_tokens', body)).json());
    expect(counts[0]).toEqual({ input_tokens: expect.any(Number) });
    expect(counts[0]).toEqual(counts[1]);
  });

  it('takes only the keys it was given', async () => {
    const sim = await start(undefined, { acceptKeys: ['good'] });
    const statuses = [];
    for (const headers of [{}, { 'x-api-key': 'bad' }, { 'x-api-key': 'good' }, { authorization: 'Bearer good' }]) {
      statuses.push((await ask(sim, 'go', { stream: false }, headers as Record<string, string>)).status);
    }
    expect(statuses).toEqual([401, 401, 200, 200]);
  });

  it('refuses in the form of the API', async () => {
    const sim = await start('scenarios: [{ steps: [{ error: { status: 429, retryAfter: 3, shouldRetry: false } }] }]');
    const limited = await ask(sim, 'go');
    expect([limited.status, limited.headers.get('retry-after'), limited.headers.get('x-should-retry')]).toEqual([
      429,
      '3',
      'false',
    ]);
    expect(await limited.json()).toMatchObject({ type: 'error', error: { type: 'rate_limit_error' } });
    const broken = await post(sim, '/v1/messages', '{');
    expect(await broken.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
    const unknown = await fetch(`${sim.url}/v1/nothing`);
    expect([unknown.status, await unknown.json()]).toMatchObject([404, { error: { type: 'not_found_error' } }]);
    const large = await post(sim, '/v1/messages', 'x'.repeat(33 * 1024 * 1024));
    expect(large.status).toBe(413);
  });

  it('cuts before the headers, in a block after what it sent, and cleanly', async () => {
    const sim = await start(`
scenarios:
  - { when: { equals: headers }, steps: [{ say: x, cut: { at: headers } }] }
  - { when: { equals: piece }, steps: [{ say: one two three, cut: { at: piece, block: 0, piece: 2 } }] }
  - { when: { equals: clean }, steps: [{ say: one two, cut: { at: block, block: 0, how: error } }] }
`);
    await expect(ask(sim, 'headers')).rejects.toThrow();
    const reader = readerOf(await ask(sim, 'piece'));
    expect(await readUntil(reader, '" two"')).toContain('" two"');
    await expect(readUntil(reader, 'never')).rejects.toThrow();
    expect(await (await ask(sim, 'clean')).text()).toContain(
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"',
    );
    expect(sim.requests.map((request) => request.outcome.kind)).toEqual(['cut', 'cut', 'cut']);
    expect(await (await ask(sim, 'piece')).text()).toContain('" three"');
  });

  it('stalls, and lets go when it is closed', async () => {
    const sim = await start('scenarios: [{ steps: [{ say: one two, stall: { at: piece, block: 0, piece: 1 } }] }]');
    const reader = readerOf(await ask(sim, 'go'));
    await readUntil(reader, '"one"');
    await sim.control.waitForRequest((request) => request.outcome.kind === 'stalled');
    const rest = readUntil(reader, 'never');
    await sim.close();
    await expect(rest).rejects.toThrow();
  });

  it('holds headers until released, and notes a client that left', async () => {
    const sim = await start();
    sim.control.hold('door');
    const leaving = new AbortController();
    const left = fetch(`${sim.url}/v1/messages`, {
      method: 'POST',
      body: JSON.stringify({ model: 'm', max_tokens: 1000, messages: [{ role: 'user', content: 'go' }] }),
      signal: leaving.signal,
    });
    await sim.control.gates.arrival('door');
    leaving.abort();
    await expect(left).rejects.toThrow();
    await sim.control.waitForRequest((request) => request.outcome.kind === 'aborted');
    const stays = ask(sim, 'go');
    await sim.control.gates.arrival('door');
    expect(sim.control.gates.release('door')).toBe(1);
    expect((await stays).status).toBe(200);
  });

  it('records what it was asked, and what became of it', async () => {
    const sim = await start('scenarios: [{ name: s, steps: [{ say: x }] }]');
    await (await ask(sim, 'go', {}, { 'X-Api-Key': 'secret' })).text();
    await sim.control.waitForRequest((request) => request.outcome.kind === 'answered');
    expect(sim.requests).toMatchObject([
      {
        seq: 1,
        path: '/v1/messages?beta=true',
        headers: { 'x-api-key': 'secret' },
        body: { model: 'm' },
        talk: { prompt: 'go', turn: 1, round: 0 },
        source: { kind: 'script', scenario: 'f#s', step: 0 },
        outcome: { kind: 'answered' },
      },
    ]);
  });
});

describe('model-sim driven from another process', () => {
  const json = async (response: Response) => ({ status: response.status, body: await response.json() });

  it('takes scripts, settings and releases, and lists requests and gates', async () => {
    const sim = await start();
    const added = await post(
      sim,
      '/__sim/script?name=late',
      'scenarios: [{ steps: [{ blocks: [{ gate: g }, { text: late }] }] }]',
    );
    expect(await json(added)).toEqual({ status: 200, body: { scenarios: 1 } });
    const answer = ask(sim, 'go').then((response) => response.text());
    expect(await json(await fetch(`${sim.url}/__sim/gates?wait=g`))).toMatchObject({ body: { waiting: { g: 1 } } });
    expect(await json(await post(sim, '/__sim/release', { gate: 'g' }))).toMatchObject({ body: { released: 1 } });
    expect(await answer).toContain('late');
    const listed = await json(await fetch(`${sim.url}/__sim/requests?since=0&wait`));
    expect(listed.body).toMatchObject({ last: 1, requests: [{ seq: 1, source: { scenario: 'late#0' } }] });
    for (const [route, body] of [
      ['vary', { enabled: true }],
      ['pace', { milliseconds: 0 }],
      ['hold', { gate: null }],
      ['reset', {}],
    ]) {
      expect((await post(sim, `/__sim/${String(route)}`, body)).status).toBe(200);
    }
    expect(await (await ask(sim, 'go')).text()).toContain('simulated');
  });

  it('explains what it cannot do', async () => {
    const sim = await start();
    expect(await json(await post(sim, '/__sim/script', 'scenarios: 1'))).toMatchObject({
      status: 400,
      body: { error: expect.stringMatching(/^added:1:12: scenarios:/) },
    });
    expect(await json(await post(sim, '/__sim/release', {}))).toMatchObject({
      status: 400,
      body: { error: expect.stringMatching(/^gate: /) },
    });
    expect((await fetch(`${sim.url}/__sim/requests?since=x`)).status).toBe(400);
    expect((await fetch(`${sim.url}/__sim/nope`)).status).toBe(404);
  });
});
