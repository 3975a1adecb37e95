import { createHash, randomBytes } from 'node:crypto';
import type { User } from '@airlock/protocol/api';
import { AirlockError } from '@airlock/protocol/errors';
import { statement } from '../store/statement.ts';
import type { Store, Tx } from '../store/store.ts';
import { createAttempts } from './attempts.ts';
import { hashPassword, verifyPassword } from './password.ts';

export interface Auth {
  /** Makes the user `admin` on the first start. Returns the password when it was made up, to be shown once. */
  ensureAdmin(password: string | undefined): Promise<string | undefined>;
  /** Checks a password; rejects with `wrong_password`, or `too_many_attempts` after ten failures in a minute. */
  login(name: string, password: string): Promise<{ user: User; cookie: string; maxAgeSeconds: number }>;
  logout(cookie: string): Promise<void>;
  /** Who a cookie or a bearer token belongs to; `undefined` when it is not valid. */
  identify(secret: string, kind: 'cookie' | 'token'): Promise<User | undefined>;
  /** Makes a bearer token; it is returned here and never again. */
  createToken(user: string, label: string): Promise<string>;
  listTokens(user: string): Promise<TokenInfo[]>;
  removeToken(user: string, id: string): Promise<void>;
  /** Makes the token the command line of this installation uses; earlier ones end. */
  createLocalToken(): Promise<string>;
}

export interface TokenInfo {
  readonly id: string;
  readonly label: string;
  readonly createdAt: string;
}

const cookieDays = 14;
const localLabel = 'airlock command line';
/** Hash of no password; checking against it takes as long as against a real one. */
const nobody = `argon2id$${'A'.repeat(22)}$${'A'.repeat(43)}`;

const findCredential = statement<
  { hash: string; kind: 'cookie' | 'token' },
  { name: string; role: User['role']; expires_at: string | null }
>((db, param) =>
  db
    .selectFrom('credentials')
    .innerJoin('users', 'users.name', 'credentials.user')
    .select(['users.name', 'users.role', 'credentials.expires_at'])
    .where('credentials.hash', '=', param('hash'))
    .where('credentials.kind', '=', param('kind')),
);

export function createAuth(store: Store, clock: () => Date): Auth {
  const attempts = createAttempts(() => clock().getTime());

  async function addCredential(tx: Tx, kind: 'cookie' | 'token', user: string, label: string, expires: Date | null) {
    const secret = randomBytes(32).toString('base64url');
    await tx.db
      .insertInto('credentials')
      .values({
        hash: hashSecret(secret),
        kind,
        user,
        label,
        created_at: clock().toISOString(),
        expires_at: expires?.toISOString() ?? null,
      })
      .execute();
    return secret;
  }

  return {
    async ensureAdmin(given) {
      const known = await store.db.selectFrom('users').select('name').limit(1).executeTakeFirst();
      if (known) return undefined;
      const password = given ?? randomBytes(12).toString('base64url');
      const password_hash = await hashPassword(password);
      await store.write(async (tx) => {
        await tx.db
          .insertInto('users')
          .values({ name: 'admin', role: 'admin', password_hash, created_at: clock().toISOString() })
          .execute();
      });
      return given === undefined ? password : undefined;
    },

    async login(name, password) {
      attempts.refuseIfTooMany(name);
      const row = await store.db.selectFrom('users').selectAll().where('name', '=', name).executeTakeFirst();
      const right = await verifyPassword(password, row?.password_hash ?? nobody);
      if (!row || !right) {
        attempts.failed(name);
        throw new AirlockError('wrong_password', 'No user has this name and password');
      }
      attempts.succeeded(name);
      const maxAgeSeconds = cookieDays * 86_400;
      const expires = new Date(clock().getTime() + maxAgeSeconds * 1000);
      const cookie = await store.write(async (tx) => {
        await tx.db.deleteFrom('credentials').where('expires_at', '<', clock().toISOString()).execute();
        return await addCredential(tx, 'cookie', name, '', expires);
      });
      return { user: { name: row.name, role: row.role }, cookie, maxAgeSeconds };
    },

    async logout(cookie) {
      await store.write(async (tx) => {
        await tx.db.deleteFrom('credentials').where('hash', '=', hashSecret(cookie)).execute();
      });
    },

    async identify(secret, kind) {
      const [row] = await store.run(findCredential, { hash: hashSecret(secret), kind });
      if (!row || (row.expires_at !== null && row.expires_at < clock().toISOString())) return undefined;
      return { name: row.name, role: row.role };
    },

    createToken: (user, label) => store.write(async (tx) => await addCredential(tx, 'token', user, label, null)),

    async listTokens(user) {
      const rows = await store.db
        .selectFrom('credentials')
        .selectAll()
        .where('user', '=', user)
        .where('kind', '=', 'token')
        .orderBy('created_at')
        .execute();
      return rows.map((row) => ({ id: row.hash.slice(0, 16), label: row.label, createdAt: row.created_at }));
    },

    async removeToken(user, id) {
      const removed = await store.write(
        async (tx) =>
          await tx.db
            .deleteFrom('credentials')
            .where('user', '=', user)
            .where('kind', '=', 'token')
            .where('hash', 'like', `${id}%`)
            .executeTakeFirst(),
      );
      if (removed.numDeletedRows === 0n) throw new AirlockError('not_found', `There is no token ${id}`);
    },

    createLocalToken: () =>
      store.write(async (tx) => {
        await tx.db.deleteFrom('credentials').where('label', '=', localLabel).where('kind', '=', 'token').execute();
        return await addCredential(tx, 'token', 'admin', localLabel, null);
      }),
  };
}

function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
