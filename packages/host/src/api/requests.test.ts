import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HostRig } from '../executions/host-rig.fixture.ts';
import { type ApiRig, startApiRig } from './api-rig.fixture.ts';
import { depthOf } from './json-body.ts';

/* The API over a host whose service processes are real. */

let rig: ApiRig;
let host: HostRig;
let call: ApiRig['call'];

beforeEach(async () => {
  rig = await startApiRig({
    services: ['hello-form', 'approval'],
    users: { root: 'admin', ada: 'member', bob: 'member' },
  });
  ({ host, call } = rig);
});
afterEach(() => rig.stop());

const launch = (user: string, name: string, headers?: Record<string, string>) =>
  call(user, 'POST', '/services/hello-form/executions', { inputs: { name, times: 1 } }, headers);

describe('a launch', () => {
  it('sent again under its Idempotency-Key is the same one, and no other is taken under it', async () => {
    const key = { 'idempotency-key': 'a-key' };
    const first = await launch('ada', 'Ada', key);
    expect(first.status).toBe(201);
    expect(await launch('ada', 'Ada', key)).toEqual({ status: 200, body: first.body });
    expect(await launch('ada', 'Eve', key)).toMatchObject({
      status: 422,
      body: { error: { code: 'launch_conflict', detail: expect.stringContaining(first.body.id) } },
    });
    expect((await launch('bob', 'Ada', key)).status).toBe(201);
    expect((await launch('ada', 'Ada')).status).toBe(201);
  });

  it.each(['with space', 'x'.repeat(256)])('is refused under the key %j', async (key) => {
    const refused = await launch('ada', 'Ada', { 'idempotency-key': key });
    expect(refused).toMatchObject({ status: 400, body: { error: { code: 'bad_request' } } });
  });
});

describe('a request', () => {
  it('is shown to, and answered by, those who may', async () => {
    const { body } = await launch('ada', 'Ada');
    const request = await host.asked(body.id);
    const answer = (user: string, greeting: unknown) =>
      call(user, 'POST', `/requests/${request}/answer`, { inputs: { greeting } });
    expect((await call('bob', 'GET', '/inbox')).body.items).toEqual([]);
    expect((await call('ada', 'GET', '/inbox')).body.items).toMatchObject([{ id: request }]);
    expect((await call('root', 'GET', '/inbox')).body.items).toHaveLength(1);
    expect(await answer('bob', 'Hello Ada')).toMatchObject({
      status: 403,
      body: { error: { code: 'forbidden', detail: 'This may be answered by ada, administrators' } },
    });
    expect(await answer('ada', 7)).toMatchObject({
      status: 422,
      body: { error: { fields: { greeting: [expect.any(String)] } } },
    });
    expect((await answer('ada', 'Hello Ada')).status).toBe(200);
    expect(await answer('root', 'Hello Ada')).toMatchObject({
      status: 409,
      body: { error: { code: 'already_answered', detail: expect.stringMatching(/^ada answered at \d{4}-/) } },
    });
  });

  it('is handed on by those who may answer it', async () => {
    const { body } = await launch('ada', 'Ada');
    const request = await host.asked(body.id);
    const hand = (user: string, given: unknown) => call(user, 'POST', `/requests/${request}/assign`, given);
    expect((await hand('bob', { to: { user: 'bob' } })).status).toBe(403);
    for (const bad of [{}, { to: {} }, { to: { user: 'bob', role: 'admin' } }, { to: { role: 'king' } }]) {
      expect((await hand('ada', bad)).status).toBe(422);
    }
    expect((await hand('ada', { to: { user: 'nobody' } })).body.error.fields).toEqual({
      to: ['There is no user nobody'],
    });
    expect((await hand('ada', { to: { user: 'bob' }, note: 'Please' })).body).toMatchObject({
      id: request,
      assign: { users: ['bob'], owner: true },
      handed: { by: 'ada', to: { user: 'bob' }, note: 'Please' },
      why: 'You started the execution',
    });
    const origin = { title: expect.any(String), user: 'ada' };
    expect((await call('bob', 'GET', '/inbox')).body.items).toMatchObject([
      { id: request, origin, why: 'ada handed it on to you' },
    ]);
    const { why } = (await call('root', 'GET', `/requests/${request}`)).body;
    expect(why).toBe('You are an administrator; it is for bob, ada');
    const inputs = { greeting: 'Hello Ada' };
    expect((await call('bob', 'POST', `/requests/${request}/answer`, { inputs })).status).toBe(200);
    expect((await hand('ada', { to: { user: 'bob' } })).status).toBe(409);
  });

  it('of a cancelled execution is gone', async () => {
    const { body } = await launch('ada', 'Ada');
    const request = await host.asked(body.id);
    expect((await call('ada', 'POST', `/executions/${body.id}/cancel`)).status).toBe(204);
    expect((await call('ada', 'GET', `/executions/${body.id}`)).body).toMatchObject({ requests: [] });
    expect(
      await call('ada', 'POST', `/requests/${request}/answer`, { inputs: { greeting: 'Hello Ada' } }),
    ).toMatchObject({
      status: 410,
      body: { error: { detail: expect.stringContaining('withdrawn') } },
    });
    expect((await host.ended(body.id)).status).toBe('cancelled');
  });
});

describe('a body', () => {
  const path = '/services/hello-form/executions';

  it.each([
    ['empty', '', 'The body is empty'],
    ['no JSON', '{"inputs":', 'The body is not JSON'],
    ['brackets without end', '['.repeat(100_000), 'nested deeper than 64 levels'],
    ['nested too deep', `{"inputs":{"a":${'['.repeat(100)}${']'.repeat(100)}}}`, 'nested deeper than 64 levels'],
  ])('that is %s is refused, saying so', async (_, text, words) => {
    expect(await call('ada', 'POST', path, text)).toMatchObject({
      status: 400,
      body: { error: { code: 'bad_request', detail: expect.stringContaining(words) } },
    });
  });

  it('of another type is refused, naming the one that is wanted', async () => {
    expect(await call('ada', 'POST', path, 'inputs=1', { 'content-type': 'text/plain' })).toMatchObject({
      status: 400,
      body: { error: { detail: expect.stringContaining('application/json') } },
    });
  });

  it('with keys nobody knows names them', async () => {
    const refused = await call('ada', 'POST', path, { inputs: { name: 'Ada', times: 1 }, more: 1 });
    expect(refused.status).toBe(422);
    expect(refused.body.error.fields).toEqual({ _global_: ['There is no "more" here'] });
  });

  it('is as deep as its brackets outside of strings', () => {
    expect(depthOf('{"a":["[[[\\"[[",{}]}')).toBe(3);
    expect(depthOf('"["')).toBe(0);
  });
});
