import { tmpdir } from 'node:os';
import { createAuth } from '../auth/auth.ts';
import type { Caches } from '../caches/caches.ts';
import { noCaches } from '../caches/fixtures.ts';
import { noSessions } from '../executions/fixtures.ts';
import { startHostRig } from '../executions/host-rig.fixture.ts';
import { temporaryStore } from '../store/temporary.ts';
import { noWorkspaces } from '../workspaces/fixtures.ts';
import { createApp } from './app.ts';

interface ApiRigOptions {
  /** A folder of services, or the names of some that are shipped. */
  readonly services: string | readonly string[];
  /** Users by name, with their roles. */
  readonly users?: Readonly<Record<string, 'admin' | 'member'>>;
  /** Folder for files; default: one of its own. */
  readonly home?: string;
  readonly caches?: Caches;
}

/** The API over a host whose service processes are real. */
export async function startApiRig({ services, users = {}, home, caches = noCaches }: ApiRigOptions) {
  const temporary = await temporaryStore();
  const { store } = temporary;
  const host = await startHostRig({ store, services, ...(home === undefined ? {} : { home }) });
  const auth = createAuth(store, () => new Date());
  const tokens = new Map<string, string>();
  for (const [name, role] of Object.entries(users)) {
    const user = { name, role, password_hash: 'none', created_at: new Date().toISOString() };
    await store.write((tx) => tx.db.insertInto('users').values(user).execute());
    tokens.set(name, await auth.createToken(name, 'test'));
  }
  const app = createApp({
    auth,
    log: host.log,
    inbox: host.inbox,
    files: host.files,
    filesSettled: () => Promise.resolve(),
    workspaces: noWorkspaces,
    steering: noSessions.steering,
    sessions: noSessions,
    caches,
    executions: host.executions,
    panelDir: tmpdir(),
    system: () => Promise.reject(new RangeError('not asked here')),
    notReady: () => Promise.resolve([]),
    stop: () => undefined,
    logger: { error: () => undefined },
  });
  const authorization = (user: string) => ({ authorization: `Bearer ${tokens.get(user)}` });

  return {
    host,
    store,
    app,
    authorization,
    /** Asks as this user; a body that is no text is sent as JSON. */
    async call(user: string, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
      const response = await app.request(`/api/v1${path}`, {
        method,
        headers: { ...authorization(user), 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
    },
    async stop(): Promise<void> {
      await host.stop();
      await temporary.remove();
    },
  };
}

export type ApiRig = Awaited<ReturnType<typeof startApiRig>>;
