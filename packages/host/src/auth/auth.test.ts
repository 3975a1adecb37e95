import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryStore } from '../store/temporary.ts';
import { type Auth, createAuth } from './auth.ts';

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let auth: Auth;
let now: Date;

beforeEach(async () => {
  temporary = await temporaryStore();
  now = new Date('2030-01-01T00:00:00Z');
  auth = createAuth(temporary.store, () => now);
});
afterEach(() => temporary.remove());

describe('auth.ensureAdmin()', () => {
  it('makes up a password once and says it once', async () => {
    const password = await auth.ensureAdmin(undefined);
    expect(password).toMatch(/^[\w-]{16}$/);
    expect(await auth.ensureAdmin(undefined)).toBeUndefined();
    expect((await auth.login('admin', password ?? '')).user).toEqual({ name: 'admin', role: 'admin' });
  });

  it('takes the password given and does not repeat it', async () => {
    expect(await auth.ensureAdmin('correct horse')).toBeUndefined();
    await auth.login('admin', 'correct horse');
  });
});

describe('auth.login()', () => {
  it('refuses a wrong password and an unknown name alike', async () => {
    await auth.ensureAdmin('correct horse');
    await expect(auth.login('admin', 'wrong')).rejects.toMatchObject({ code: 'wrong_password' });
    await expect(auth.login('nobody', 'wrong')).rejects.toMatchObject({ code: 'wrong_password' });
  });

  it('refuses even the right password after ten failures within a minute', async () => {
    await auth.ensureAdmin('correct horse');
    for (let i = 0; i < 10; i += 1) await expect(auth.login('admin', 'wrong')).rejects.toThrow();
    await expect(auth.login('admin', 'correct horse')).rejects.toMatchObject({ code: 'too_many_attempts' });
    now = new Date('2030-01-01T00:01:01Z');
    await auth.login('admin', 'correct horse');
  });
});

describe('auth.identify()', () => {
  it('knows a cookie until it expires or is signed out, and never as a bearer token', async () => {
    await auth.ensureAdmin('correct horse');
    const { cookie } = await auth.login('admin', 'correct horse');
    expect(await auth.identify(cookie, 'cookie')).toEqual({ name: 'admin', role: 'admin' });
    expect(await auth.identify(cookie, 'token')).toBeUndefined();
    now = new Date('2030-01-20T00:00:00Z');
    expect(await auth.identify(cookie, 'cookie')).toBeUndefined();
  });

  it('knows a token until it is removed; the store holds no secret', async () => {
    await auth.ensureAdmin('correct horse');
    const token = await auth.createToken('admin', 'ci');
    expect(await auth.identify(token, 'token')).toBeDefined();
    const stored = JSON.stringify(await temporary.store.db.selectFrom('credentials').selectAll().execute());
    expect(stored).not.toContain(token);
    const [info] = await auth.listTokens('admin');
    await auth.removeToken('admin', info?.id ?? '');
    expect(await auth.identify(token, 'token')).toBeUndefined();
  });
});
