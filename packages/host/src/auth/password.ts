import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(argon2);
/** OWASP's first choice for argon2id: 19 MiB, two passes, one lane. */
const cost = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 };

/** One hash at a time, so that many sign-ins at once cannot take much memory. */
let queue: Promise<unknown> = Promise.resolve();

function hash(password: string, salt: Buffer): Promise<Buffer> {
  const done = queue.then(() => derive('argon2id', { message: password, nonce: salt, ...cost }));
  queue = done.catch(() => undefined);
  return done;
}

/** A salted argon2id hash as `argon2id$<salt>$<hash>`, base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return `argon2id$${salt.toString('base64url')}$${(await hash(password, salt)).toString('base64url')}`;
}

export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const [, salt = '', expected = ''] = stored.split('$');
  const wanted = Buffer.from(expected, 'base64url');
  const given = await hash(password, Buffer.from(salt.padEnd(22, 'A'), 'base64url'));
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
