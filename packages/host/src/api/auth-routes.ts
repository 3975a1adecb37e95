import { loginSchema, userSchema } from '@airlock/protocol/api';
import { createRoute } from '@hono/zod-openapi';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import * as z from 'zod';
import { type ApiDeps, createRouter } from './context.ts';
import { cookieName } from './guard.ts';
import { failure, json, jsonBody } from './responses.ts';

const tokenSchema = z.object({ id: z.string(), label: z.string(), createdAt: z.string() });

const login = createRoute({
  method: 'post',
  path: '/login',
  request: { body: jsonBody(loginSchema) },
  responses: { 200: json(userSchema, 'Signed in; the cookie is set'), ...failure },
});
const logout = createRoute({ method: 'post', path: '/logout', responses: { 204: { description: 'Signed out' } } });
const me = createRoute({ method: 'get', path: '/me', responses: { 200: json(userSchema, 'You'), ...failure } });
const createToken = createRoute({
  method: 'post',
  path: '/tokens',
  request: { body: jsonBody(z.strictObject({ label: z.string().min(1).max(100) })) },
  responses: { 201: json(z.object({ token: z.string() }), 'The token, shown once'), ...failure },
});
const listTokens = createRoute({
  method: 'get',
  path: '/tokens',
  responses: { 200: json(z.object({ items: z.array(tokenSchema), next: z.null() }), 'Your tokens'), ...failure },
});
const removeToken = createRoute({
  method: 'delete',
  path: '/tokens/{id}',
  request: { params: z.object({ id: z.string().regex(/^[0-9a-f]{16}$/, 'Expected the id of a token') }) },
  responses: { 204: { description: 'Removed' }, ...failure },
});

export function authRoutes({ auth }: ApiDeps) {
  return createRouter()
    .openapi(login, async (c) => {
      const { name, password } = c.req.valid('json');
      const { user, cookie, maxAgeSeconds } = await auth.login(name, password);
      const secure = new URL(c.req.url).protocol === 'https:';
      setCookie(c, cookieName, cookie, {
        httpOnly: true,
        sameSite: 'Strict',
        path: '/',
        maxAge: maxAgeSeconds,
        secure,
      });
      return c.json(user, 200);
    })
    .openapi(logout, async (c) => {
      const cookie = getCookie(c, cookieName);
      if (cookie) await auth.logout(cookie);
      deleteCookie(c, cookieName, { path: '/' });
      return c.body(null, 204);
    })
    .openapi(me, (c) => c.json(c.get('user'), 200))
    .openapi(createToken, async (c) => {
      const token = await auth.createToken(c.get('user').name, c.req.valid('json').label);
      return c.json({ token }, 201);
    })
    .openapi(listTokens, async (c) => {
      const items = await auth.listTokens(c.get('user').name);
      return c.json({ items: [...items], next: null }, 200);
    })
    .openapi(removeToken, async (c) => {
      await auth.removeToken(c.get('user').name, c.req.valid('param').id);
      return c.body(null, 204);
    });
}
