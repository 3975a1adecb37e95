import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { idSchema } from '@airlock/protocol/ids';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addExecution } from '../log/fixtures.ts';
import { createLog, type Log } from '../log/log.ts';
import { temporaryStore } from '../store/temporary.ts';
import type { ApiEnv } from './context.ts';
import { serveEvents } from './sse.ts';

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let log: Log;
let execution: string;
let server: Server;
let url: string;

beforeEach(async () => {
  temporary = await temporaryStore();
  log = createLog(temporary.store, () => new Date(0));
  execution = await addExecution(temporary.store);
  const app = new Hono<ApiEnv>();
  const logger = { error: () => undefined };
  app.get('/', (c) => serveEvents(c, { log, execution, lastSeq: 3, logger }));
  server = createServer(getRequestListener(app.fetch as Parameters<typeof getRequestListener>[0]));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  for (const text of ['one', 'two', 'three']) await say(text);
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await temporary.remove();
});

const say = (text: string) =>
  temporary.store.write((tx) => log.append(tx, execution, [{ kind: 'debug', payload: { text } }]));

/** Reads a stream until `text` came, and leaves. */
async function readUntil(text: string, lastEventId?: string): Promise<string> {
  const leave = new AbortController();
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
  const response = await fetch(url, { headers, signal: leave.signal });
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  let seen = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    seen += chunk;
    if (seen.includes(text) && seen.endsWith('\n\n')) break;
  }
  leave.abort();
  return seen;
}

describe('the stream of events', () => {
  it('gives stored events with their numbers', async () => {
    expect(await readUntil('three')).toBe(
      `retry: 1000\n\n${['one', 'two', 'three'].map((text, n) => `id: ${n + 1}\nevent: debug\ndata: {"at":"1970-01-01T00:00:00.000Z","payload":{"text":"${text}"}}\n\n`).join('')}`,
    );
  });

  it.each(['2', '2.5', '-1', 'x', '999'])('resumes after a Last-Event-ID, here %s', async (lastEventId) => {
    const seen = readUntil('four', lastEventId);
    await say('four');
    const ids = (await seen).match(/id: \d+/g);
    const expected = { '2': ['id: 3', 'id: 4'], '999': ['id: 4'] }[lastEventId];
    expect(ids).toEqual(expected ?? ['id: 1', 'id: 2', 'id: 3', 'id: 4']);
  });

  it('gives a viewer who stops reading for a while everything in the end', async () => {
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' });
    socket.write('GET / HTTP/1.1\r\nhost: localhost\r\nlast-event-id: 3\r\n\r\n');
    await once(socket, 'readable');
    for (let n = 4; n <= 100; n += 1) await say('x'.repeat(200_000));
    const ids: string[] = [];
    let rest = '';
    for await (const chunk of socket.setEncoding('latin1')) {
      rest += chunk;
      const found = [...rest.matchAll(/id: (\d+)\n/g)];
      ids.push(...found.map(([, id]) => id ?? ''));
      rest = rest.slice(Math.max(rest.length - 20, (found.at(-1)?.index ?? -20) + 5));
      if (ids.includes('100')) break;
    }
    expect(ids).toEqual(Array.from({ length: 97 }, (_, n) => String(n + 4)));
  });

  it('begins live text with what there is of it', async () => {
    const session = idSchema.parse('01890a5d-ac96-774b-bcce-b302099a8057');
    const block = { session, messageId: 'm1', block: 0, kind: 'text' } as const;
    log.live(execution, { ...block, text: 'Hel' });
    log.live(execution, { ...block, text: 'lo' });
    expect(await readUntil('delta', '3')).toBe(
      `retry: 1000\n\nevent: delta\ndata: ${JSON.stringify({ ...block, text: 'Hello' })}\n\n`,
    );
  });
});
