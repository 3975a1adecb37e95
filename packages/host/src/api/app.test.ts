import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AirlockError } from '@airlock/protocol/errors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Auth, createAuth } from '../auth/auth.ts';
import { noCaches } from '../caches/fixtures.ts';
import type { Executions } from '../executions/executions.ts';
import { noSessions } from '../executions/fixtures.ts';
import { createFiles } from '../files/files.ts';
import { createInbox } from '../inbox/inbox.ts';
import { createLog } from '../log/log.ts';
import { temporaryStore } from '../store/temporary.ts';
import { stillTimers } from '../timers/fixtures.ts';
import { noWorkspaces } from '../workspaces/fixtures.ts';
import { createApp } from './app.ts';

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let auth: Auth;
let panelDir: string;
let reasons: string[];
let stops: boolean[];
let app: ReturnType<typeof createApp>;

const noService = () => {
  throw new AirlockError('not_found', 'There is no such service');
};
const nothing = () => Promise.reject(new AirlockError('not_found', 'There is no execution'));
const noExecutions: Executions = {
  services: {
    names: () => [],
    list: () => Promise.resolve([]),
    get: nothing,
    current: noService,
    policy: () => undefined,
    deploy: nothing,
    rehearse: nothing,
    tidy: () => Promise.resolve(),
    assign: () => Promise.reject(new RangeError('not asked here')),
    release: () => undefined,
    of: () => undefined,
    ready: Promise.resolve(),
    stop: () => Promise.resolve(),
  },
  launch: () => Promise.reject(new RangeError('a secret of ours')),
  deploy: nothing,
  get: nothing,
  list: () => Promise.resolve({ items: [], next: null }),
  cancel: nothing,
  remove: nothing,
  formOwner: noSessions.requestOwner,
  settle: () => Promise.resolve(),
  fire: () => Promise.resolve(),
  recover: () => Promise.resolve(),
  release: () => undefined,
  check: () => Promise.resolve(),
  stop: () => Promise.resolve(),
};

beforeEach(async () => {
  temporary = await temporaryStore();
  [reasons, stops] = [[], []];
  const clock = () => new Date();
  auth = createAuth(temporary.store, clock);
  await auth.ensureAdmin('correct horse');
  const log = createLog(temporary.store, clock);
  panelDir = mkdtempSync(join(tmpdir(), 'airlock-panel-'));
  writeFileSync(join(panelDir, 'index.html'), '<title>Airlock</title>');
  app = createApp({
    auth,
    log,
    panelDir,
    executions: noExecutions,
    filesSettled: () => Promise.resolve(),
    workspaces: noWorkspaces,
    steering: noSessions.steering,
    sessions: noSessions,
    caches: noCaches,
    files: createFiles({ home: panelDir, store: temporary.store, log, clock }),
    inbox: createInbox({
      store: temporary.store,
      log,
      timers: stillTimers(temporary.store, clock),
      clock,
      owner: () => noSessions.requestOwner,
    }),
    system: () => Promise.reject(new RangeError('not asked here')),
    notReady: () => Promise.resolve(reasons),
    stop: (sessions) => void stops.push(sessions),
    logger: { error: () => undefined },
  });
});
afterEach(async () => {
  rmSync(panelDir, { recursive: true });
  await temporary.remove();
});

const json = { 'content-type': 'application/json' };

async function signIn(): Promise<string> {
  const body = JSON.stringify({ name: 'admin', password: 'correct horse' });
  const response = await app.request('/api/v1/login', { method: 'POST', headers: json, body });
  return response.headers.get('set-cookie')?.split(';')[0] ?? '';
}

describe('signing in', () => {
  it('sets a cookie that scripts cannot read and other sites do not send', async () => {
    const body = JSON.stringify({ name: 'admin', password: 'correct horse' });
    const response = await app.request('/api/v1/login', { method: 'POST', headers: json, body });
    expect(response.headers.get('set-cookie')).toMatch(/HttpOnly.*SameSite=Strict/);
    expect(await response.json()).toEqual({ name: 'admin', role: 'admin' });
  });

  it('is needed for everything but health, readiness, signing in and the description', async () => {
    for (const path of ['/services', '/executions', '/inbox', '/system', '/me', '/tokens', '/nothing']) {
      expect((await app.request(`/api/v1${path}`)).status).toBe(401);
    }
    for (const path of ['/api/health', '/api/ready', '/api/v1/openapi.json']) {
      expect((await app.request(path)).status).toBe(200);
    }
  });

  it('lets a bearer token in, until it is removed', async () => {
    const token = await auth.createToken('admin', 'ci');
    const headers = { authorization: `Bearer ${token}` };
    expect((await app.request('/api/v1/me', { headers })).status).toBe(200);
    const [info] = await auth.listTokens('admin');
    expect((await app.request(`/api/v1/tokens/${info?.id}`, { method: 'DELETE', headers })).status).toBe(204);
    expect((await app.request('/api/v1/me', { headers })).status).toBe(401);
  });

  it('changes nothing for a page of another site', async () => {
    const cookie = await signIn();
    const request = (origin: string) =>
      app.request('http://localhost/api/v1/system/stop', {
        method: 'POST',
        headers: { ...json, cookie, origin, host: 'localhost' },
        body: '{"sessions":false}',
      });
    expect((await request('http://evil.example')).status).toBe(403);
    expect(stops).toEqual([]);
    expect((await request('http://localhost')).status).toBe(202);
    expect(stops).toEqual([false]);
  });
});

describe('errors', () => {
  it('have one form, with the fields of a body that does not fit', async () => {
    const headers = { ...json, cookie: await signIn() };
    const launch = (body: string) => app.request('/api/v1/services/a/executions', { method: 'POST', headers, body });
    const unfit = await launch('{"inputs":1,"more":2}');
    expect(unfit.status).toBe(422);
    expect(await unfit.json()).toMatchObject({
      error: { code: 'invalid_inputs', fields: { inputs: [expect.any(String)] } },
    });
    expect((await launch('{not json')).status).toBe(400);
    expect((await launch(JSON.stringify({ inputs: { a: 'x'.repeat(3_000_000) } }))).status).toBe(413);
  });

  it('tell nothing of what went wrong inside', async () => {
    const headers = { ...json, cookie: await signIn() };
    const response = await app.request('/api/v1/services/a/executions', {
      method: 'POST',
      headers,
      body: '{"inputs":{}}',
    });
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
  });

  it('say why the host is not ready', async () => {
    reasons = ['The container engine does not answer'];
    const response = await app.request('/api/ready');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { detail: 'The container engine does not answer' } });
  });

  it('answer an id that is no id, and one that names nothing', async () => {
    const headers = { cookie: await signIn() };
    expect((await app.request('/api/v1/executions/../../etc', { headers })).status).toBe(404);
    expect((await app.request('/api/v1/executions/nonsense', { headers })).status).toBe(400);
    const id = '01890000-0000-7000-8000-000000000000';
    expect((await app.request(`/api/v1/executions/${id}`, { headers })).status).toBe(404);
  });
});

describe('the panel', () => {
  it('is served for every page, under a policy that runs no foreign script', async () => {
    const response = await app.request('/executions/something');
    expect(await response.text()).toContain('Airlock');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(response.headers.get('x-frame-options')).toBe('DENY');
  });

  it('has no page for a file that is not there', async () => {
    expect((await app.request('/assets/missing.js')).status).toBe(404);
    expect((await app.request('/../../package.json')).status).toBe(404);
  });
});
