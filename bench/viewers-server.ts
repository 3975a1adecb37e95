import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from '@airlock/host/api/app';
import type { ApiDeps } from '@airlock/host/api/context';
import { createAuth } from '@airlock/host/auth/auth';
import { noCaches } from '@airlock/host/caches/fixtures';
import { noSessions } from '@airlock/host/executions/fixtures';
import { addExecution } from '@airlock/host/log/fixtures';
import { createLog } from '@airlock/host/log/log';
import { temporaryStore } from '@airlock/host/store/temporary';
import { noWorkspaces } from '@airlock/host/workspaces/fixtures';
import type { Delta, NewEvent } from '@airlock/protocol/events';
import { idSchema } from '@airlock/protocol/ids';
import { serve } from '@hono/node-server';

/*
 * A server of `bench/viewers.ts`, in a process of its own: `airlock` is the host's HTTP part with a store and a log,
 * `bare` writes the same bytes to responses of node:http, gathered by a plain timer.
 */

interface Server {
  readonly url: string;
  readonly token: string;
  tell(delta: Delta): void;
  store(event: NewEvent): Promise<void>;
  close(): Promise<void>;
}

export interface Measured {
  readonly cpu: number;
  readonly memoryMb: number;
}

const session = idSchema.parse('01890a5d-ac96-774b-bcce-b302099a8057');
const perMessage = 100;
const clock = () => new Date();

async function startAirlock(): Promise<Server> {
  const temporary = await temporaryStore();
  const { store } = temporary;
  const log = createLog(store, clock);
  const auth = createAuth(store, clock);
  await auth.ensureAdmin('benchmark');
  const execution = await addExecution(store);
  const app = createApp({
    auth,
    log,
    // Nobody asks for anything but whether the execution exists.
    executions: { get: () => Promise.resolve({ lastSeq: 0 }) } as unknown as ApiDeps['executions'],
    inbox: {} as ApiDeps['inbox'],
    files: {} as ApiDeps['files'],
    filesSettled: () => Promise.resolve(),
    workspaces: noWorkspaces,
    steering: noSessions.steering,
    sessions: noSessions,
    caches: noCaches,
    system: () => Promise.reject(new RangeError('Not part of the benchmark')),
    notReady: () => Promise.resolve([]),
    stop: () => undefined,
    panelDir: temporary.path,
    logger: { error: (fields, text) => process.stderr.write(`${text} ${JSON.stringify(fields)}\n`) },
  });
  const server = await new Promise<ReturnType<typeof serve>>((resolve) => {
    const started = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, () => resolve(started));
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/executions/${execution}/events`,
    token: await auth.createToken('admin', 'benchmark'),
    tell: (delta) => log.live(execution, delta),
    store: (event) => store.write(async (tx) => void (await log.append(tx, execution, [event]))),
    async close() {
      server.close();
      await temporary.remove();
    },
  };
}

async function startBare(): Promise<Server> {
  const responses = new Set<ServerResponse>();
  let gathered: Delta | undefined;
  let seq = 0;
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    response.write('retry: 1000\n\n');
    responses.add(response);
    response.once('close', () => responses.delete(response));
  });
  const write = (text: string): void => {
    const bytes = Buffer.from(text);
    for (const response of responses) response.write(bytes);
  };
  const flush = (): void => {
    if (gathered) write(`event: delta\ndata: ${JSON.stringify(gathered)}\n\n`);
    gathered = undefined;
  };
  const timer = setInterval(flush, 100);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    token: 'none',
    tell(delta) {
      gathered = gathered ? { ...gathered, text: gathered.text + delta.text } : delta;
    },
    store({ kind, payload }) {
      flush();
      seq += 1;
      write(`id: ${seq}\nevent: ${kind}\ndata: ${JSON.stringify({ at: clock().toISOString(), payload })}\n\n`);
      return Promise.resolve();
    },
    close() {
      clearInterval(timer);
      server.close();
      return Promise.resolve();
    },
  };
}

/** Tells a token every 20 ms, and stores a message for every hundred. Returns once `tokens` were told. */
async function stream(server: Server, tokens: number): Promise<void> {
  const beganAt = performance.now();
  for (let n = 0; n < tokens; ) {
    const due = Math.min(tokens, Math.floor((performance.now() - beganAt) / 20));
    for (; n < due; n += 1) {
      const block = { session, messageId: `m${Math.floor(n / perMessage)}`, block: 0 };
      server.tell({ ...block, kind: 'text', text: `#${n}@${Date.now()};` });
      if (n % perMessage === perMessage - 1) {
        await server.store({ kind: 'message', payload: { ...block, text: 'A word like another '.repeat(perMessage) } });
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function main(kind: string): Promise<void> {
  const server = await (kind === 'bare' ? startBare() : startAirlock());
  process.on('message', async (message: { tokens: number } | 'close') => {
    if (message === 'close') {
      await server.close();
      process.disconnect();
      return;
    }
    const before = process.cpuUsage();
    const beganAt = performance.now();
    await stream(server, message.tokens);
    const { user, system } = process.cpuUsage(before);
    const cpu = (user + system) / 1000 / (performance.now() - beganAt);
    process.send?.({ cpu, memoryMb: process.memoryUsage().rss / 1024 ** 2 } satisfies Measured);
  });
  process.send?.({ url: server.url, token: server.token });
}

if (process.argv[1] === import.meta.filename) await main(process.argv[2] ?? '');
