import { createHash, timingSafeEqual } from 'node:crypto';
import { type HostHello, hostHelloSchema, type RunnerHello, wireVersion } from '@airlock/protocol/wire';

/** What a hello is checked against; `epoch` is the highest taken so far, 0 when none. */
export interface HelloExpectation {
  readonly session: string;
  readonly tokenHash: string;
  readonly epoch: number;
}

export type HelloCheck =
  | { readonly ok: true; readonly hello: HostHello }
  | { readonly ok: false; readonly reason: Extract<RunnerHello, { ok: false }>['reason'] };

/** Decides on a hello. The token is compared in constant time, and before anything that tells of the session's state. */
export function checkHello(line: string, expected: HelloExpectation): HelloCheck {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    return { ok: false, reason: 'malformed' };
  }
  if (versionOf(raw) !== wireVersion)
    return { ok: false, reason: versionOf(raw) === undefined ? 'malformed' : 'version' };
  const parsed = hostHelloSchema.safeParse(raw);
  if (!parsed.success) return { ok: false, reason: 'malformed' };
  const hello = parsed.data;
  if (!isToken(hello.token, expected.tokenHash)) return { ok: false, reason: 'token' };
  if (hello.session !== expected.session) return { ok: false, reason: 'session' };
  if (hello.epoch <= expected.epoch) return { ok: false, reason: 'epoch' };
  return { ok: true, hello };
}

function versionOf(raw: unknown): number | undefined {
  return typeof raw === 'object' && raw !== null && 'v' in raw && typeof raw.v === 'number' ? raw.v : undefined;
}

function isToken(token: string, tokenHash: string): boolean {
  const given = createHash('sha256').update(token).digest();
  const wanted = Buffer.from(tokenHash, 'hex');
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
