import { apiBase } from '@airlock/protocol/api';
import { AirlockError } from '@airlock/protocol/errors';
import type { MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import type { Auth } from '../auth/auth.ts';
import type { ApiEnv } from './context.ts';

export const cookieName = 'airlock_session';

const open = new Set([`${apiBase}/login`, `${apiBase}/logout`, `${apiBase}/openapi.json`]);
const safe = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Lets in who has a valid bearer token or cookie; a cookie changes nothing on behalf of another site. */
export function guard(auth: Auth): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    if (open.has(c.req.path)) return await next();
    const bearer = /^Bearer (\S+)$/.exec(c.req.header('authorization') ?? '')?.[1];
    const cookie = getCookie(c, cookieName);
    const user = bearer
      ? await auth.identify(bearer, 'token')
      : cookie
        ? await auth.identify(cookie, 'cookie')
        : undefined;
    if (!user) throw new AirlockError('unauthenticated', 'The request carries no valid sign-in');
    if (!bearer && !safe.has(c.req.method)) refuseOtherSites(c.req.header('origin'), c.req.header('host'));
    c.set('user', user);
    return await next();
  };
}

function refuseOtherSites(origin: string | undefined, host: string | undefined): void {
  if (origin === undefined) return;
  if (URL.canParse(origin) && new URL(origin).host === host) return;
  throw new AirlockError('forbidden', 'The request comes from another site');
}
