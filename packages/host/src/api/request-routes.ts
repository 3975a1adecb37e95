import { answerBodySchema, listSchema } from '@airlock/protocol/api';
import { requestSchema } from '@airlock/protocol/requests';
import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import { type ApiDeps, createRouter } from './context.ts';
import { failure, idParam, json, jsonBody, pageQuery } from './responses.ts';

const inboxRoute = createRoute({
  method: 'get',
  path: '/inbox',
  request: { query: pageQuery },
  responses: { 200: json(listSchema(requestSchema), 'Open requests you may answer, oldest first'), ...failure },
});
const get = createRoute({
  method: 'get',
  path: '/requests/{id}',
  request: { params: idParam },
  responses: { 200: json(requestSchema, 'A request'), ...failure },
});
const answer = createRoute({
  method: 'post',
  path: '/requests/{id}/answer',
  request: { params: idParam, body: jsonBody(answerBodySchema) },
  responses: { 200: json(z.object({ ok: z.literal(true) }), 'Stored; the work goes on'), ...failure },
});

export function requestRoutes({ inbox }: ApiDeps) {
  return createRouter()
    .openapi(inboxRoute, async (c) => {
      const { limit, cursor } = c.req.valid('query');
      const after = cursor === undefined ? {} : { after: cursor };
      const items = await inbox.listOpen({ limit: limit + 1, user: c.get('user'), ...after });
      const shown = items.slice(0, limit);
      return c.json({ items: shown, next: items.length > limit ? (shown.at(-1)?.id ?? null) : null }, 200);
    })
    .openapi(get, async (c) => c.json(await inbox.get(c.req.valid('param').id), 200))
    .openapi(answer, async (c) => {
      await inbox.answer(c.req.valid('param').id, c.req.valid('json').inputs, c.get('user'));
      return c.json({ ok: true as const }, 200);
    });
}
