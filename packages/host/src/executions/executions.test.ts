import { join } from 'node:path';
import type { Event } from '@airlock/protocol/events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createInbox, type Inbox } from '../inbox/inbox.ts';
import { createLog, type Log } from '../log/log.ts';
import { temporaryStore } from '../store/temporary.ts';
import { createExecutions, type Executions } from './executions.ts';
import { noSessions } from './fixtures.ts';

const bob = { name: 'bob', role: 'admin' } as const;
const servicesDir = join(import.meta.dirname, '../../../../services');
const quiet = { info: () => undefined, warn: () => undefined };

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let log: Log;
let inbox: Inbox;
let executions: Executions;

async function startHost(): Promise<void> {
  log = createLog(temporary.store, () => new Date());
  inbox = createInbox({ store: temporary.store, log, clock: () => new Date(), owner: () => executions.formOwner });
  executions = createExecutions({
    store: temporary.store,
    log,
    inbox,
    sessions: () => noSessions,
    clock: () => new Date(),
    servicesDir,
    serviceEnv: { PATH: process.env.PATH ?? '' },
    logger: quiet,
  });
  await executions.services.ready;
}

beforeEach(async () => {
  temporary = await temporaryStore();
  await startHost();
});
afterEach(async () => {
  await executions.stop();
  await temporary.remove();
});

/** The first event that fits, stored or to come. */
function until(execution: string, fits: (event: Event) => boolean): Promise<Event> {
  return new Promise((resolve, reject) => {
    const stop = log.subscribe(execution, (frame) => {
      if (frame.kind === 'event' && fits(frame.event)) found(frame.event);
    });
    const found = (event: Event) => {
      stop();
      resolve(event);
    };
    log.read(execution, 0, 1000).then((events) => {
      const stored = events.find(fits);
      if (stored) found(stored);
    }, reject);
  });
}

const isLock = (event: Event) => event.kind === 'lock';
const isOver = (event: Event) => event.kind === 'status' && ['finished', 'error'].includes(event.payload.status);

async function requestOf(execution: string): Promise<string> {
  await until(execution, isLock);
  const [request] = await inbox.listOpen({ execution, limit: 1 });
  return request?.id ?? '';
}

describe('executions.launch()', () => {
  it('runs a service to its result, asking a person on the way', async () => {
    const id = await executions.launch('hello-form', { name: 'Ada', times: 2 }, 'admin');
    const request = await requestOf(id);
    expect((await executions.get(id)).status).toBe('awaiting');
    await inbox.answer(request, { greeting: 'Good day, Ada' }, bob);
    await until(id, isOver);
    const ended = await executions.get(id);
    expect(ended).toMatchObject({ status: 'finished', result: { body: 'Good day, Ada\nGood day, Ada' }, awaiting: 0 });
  });

  it('names the fields that are not valid and starts nothing', async () => {
    await expect(executions.launch('hello-form', { name: '', times: 99 }, 'admin')).rejects.toMatchObject({
      code: 'invalid_inputs',
      fields: { name: expect.any(Array), times: expect.any(Array) },
    });
    await expect(executions.launch('hello-form', { name: 'Ada', times: 1, other: 1 }, 'admin')).rejects.toMatchObject({
      code: 'invalid_inputs',
    });
    expect((await executions.list({ limit: 10 })).items).toEqual([]);
  });

  it('says so when there is no such service', async () => {
    await expect(executions.launch('nothing', {}, 'admin')).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('answers', () => {
  it('leave the request open when the lease of the service refuses them', async () => {
    const id = await executions.launch('hello-form', { name: 'Ada', times: 1 }, 'admin');
    const request = await requestOf(id);
    await expect(inbox.answer(request, { greeting: 'Hello you' }, bob)).rejects.toMatchObject({
      code: 'invalid_inputs',
      fields: { greeting: expect.any(Array) },
    });
    await inbox.answer(request, { greeting: 'Hello Ada' }, bob);
    await until(id, isOver);
  });
});

describe('a host that stops and starts again', () => {
  it('goes on where an execution was, without asking or showing anything twice', async () => {
    const id = await executions.launch('hello-form', { name: 'Ada', times: 1 }, 'admin');
    const request = await requestOf(id);
    await executions.stop();
    await startHost();
    expect((await inbox.listOpen({ execution: id, limit: 10 })).map((open) => open.id)).toEqual([request]);
    await answerWhenRunning(request);
    await until(id, isOver);
    const kinds = (await log.read(id, 0, 100)).map((event) => event.kind);
    expect(kinds.filter((kind) => kind === 'lock')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'action')).toHaveLength(1);
    expect((await executions.get(id)).status).toBe('finished');
  });
});

describe('executions.cancel()', () => {
  it('ends the execution and withdraws what was asked', async () => {
    const id = await executions.launch('hello-form', { name: 'Ada', times: 1 }, 'admin');
    const request = await requestOf(id);
    await executions.cancel(id, 'admin');
    expect(await executions.get(id)).toMatchObject({ status: 'cancelled', requests: [] });
    await expect(inbox.answer(request, {}, bob)).rejects.toMatchObject({ code: 'request_expired' });
    await executions.cancel(id, 'admin');
  });
});

describe('executions.list()', () => {
  it('pages from new to old and finds words without treating them as a pattern', async () => {
    const ids: string[] = [];
    for (const name of ['Ada', 'Bob 100%', 'Cas']) {
      ids.unshift(await executions.launch('hello-form', { name, times: 1 }, 'admin'));
    }
    const first = await executions.list({ limit: 2 });
    expect(first.items.map((item) => item.id)).toEqual(ids.slice(0, 2));
    const second = await executions.list({ limit: 2, cursor: first.next ?? '' });
    expect(second).toMatchObject({ items: [{ id: ids[2] }], next: null });
    expect((await executions.list({ limit: 9, q: '100%' })).items.map((item) => item.id)).toEqual([ids[1]]);
    expect((await executions.list({ limit: 9, q: '%' })).items).toHaveLength(1);
  });
});

/** After a start the service process may still be replaying; the API says "not now" until it has. */
async function answerWhenRunning(request: string): Promise<void> {
  await executions.services.ready;
  await inbox.answer(request, { greeting: 'Hello Ada' }, bob);
}
