import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryStore } from '../store/temporary.ts';
import { type HostRig, startHostRig } from './host-rig.fixture.ts';

const bob = { name: 'bob', role: 'admin' } as const;

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let host: HostRig;

const start = async (services = ['hello-form', 'claude-hitl']) => {
  host = await startHostRig({ store: temporary.store, services });
};
beforeEach(async () => {
  temporary = await temporaryStore();
  await start();
});
afterEach(async () => {
  await host.stop();
  await temporary.remove();
});

describe('executions.launch()', () => {
  it('runs a service to its result, asking a person on the way', async () => {
    const id = await host.launch('hello-form', { name: 'Ada', times: 2 });
    const request = await host.asked(id);
    expect((await host.executions.get(id)).status).toBe('awaiting');
    await host.inbox.answer(request, { greeting: 'Good day, Ada' }, bob);
    const ended = await host.ended(id);
    expect(ended).toMatchObject({ status: 'finished', result: { body: 'Good day, Ada\nGood day, Ada' }, awaiting: 0 });
  });

  it('names the fields that are not valid and starts nothing', async () => {
    await expect(host.launch('hello-form', { name: '', times: 99 })).rejects.toMatchObject({
      code: 'invalid_inputs',
      fields: { name: expect.any(Array), times: expect.any(Array) },
    });
    await expect(host.launch('hello-form', { name: 'Ada', times: 1, other: 1 })).rejects.toMatchObject({
      code: 'invalid_inputs',
    });
    expect((await host.executions.list({ limit: 10 })).items).toEqual([]);
  });

  it('says so when there is no such service', async () => {
    await expect(host.launch('nothing', {})).rejects.toMatchObject({ code: 'not_found' });
  });

  it('starts one execution for one key, whenever it is sent', async () => {
    const inputs = { name: 'Ada', times: 1 };
    const ids = await Promise.all([1, 2, 3].map(() => host.launch('hello-form', inputs, 'key')));
    expect(new Set(ids).size).toBe(1);
    expect((await host.executions.list({ limit: 10 })).items).toHaveLength(1);
  });

  it('finds what a key started also when the service is there no more', async () => {
    const inputs = { name: 'Ada', times: 1 };
    const id = await host.launch('hello-form', inputs, 'key');
    await host.stop();
    await start([]);
    expect(await host.launch('hello-form', inputs, 'key')).toBe(id);
    await expect(host.launch('hello-form', inputs)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('answers', () => {
  it('leave the request open when the lease of the service refuses them', async () => {
    const id = await host.launch('hello-form', { name: 'Ada', times: 1 });
    const request = await host.asked(id);
    await expect(host.inbox.answer(request, { greeting: 'Hello you' }, bob)).rejects.toMatchObject({
      code: 'invalid_inputs',
      fields: { greeting: expect.any(Array) },
    });
    await host.inbox.answer(request, { greeting: 'Hello Ada' }, bob);
    expect((await host.ended(id)).status).toBe('finished');
  });
});

describe('a host that stops and starts again', () => {
  it('goes on where an execution was, without asking or showing anything twice', async () => {
    const id = await host.launch('hello-form', { name: 'Ada', times: 1 });
    const request = await host.asked(id);
    await host.stop();
    await start();
    expect((await host.inbox.listOpen({ execution: id, limit: 10 })).map((open) => open.id)).toEqual([request]);
    await host.inbox.answer(request, { greeting: 'Hello Ada' }, bob);
    expect((await host.ended(id)).status).toBe('finished');
    const kinds = (await host.log.read(id, 0, 100)).map((event) => event.kind);
    expect(kinds.filter((kind) => kind === 'lock')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'action')).toHaveLength(1);
  });
});

describe('executions.list()', () => {
  it('pages from new to old and finds words without treating them as a pattern', async () => {
    const ids: string[] = [];
    for (const name of ['Ada', 'Bob 100%', 'Cas']) ids.unshift(await host.launch('hello-form', { name, times: 1 }));
    const first = await host.executions.list({ limit: 2 });
    expect(first.items.map((item) => item.id)).toEqual(ids.slice(0, 2));
    const second = await host.executions.list({ limit: 2, cursor: first.next ?? '' });
    expect(second).toMatchObject({ items: [{ id: ids[2] }], next: null });
    expect((await host.executions.list({ limit: 9, q: '100%' })).items.map((item) => item.id)).toEqual([ids[1]]);
    expect((await host.executions.list({ limit: 9, q: '%' })).items).toHaveLength(1);
  });
});
