import { answerBodySchema, assignBodySchema, listSchema } from '@airlock/protocol/api';
import { requestSchema } from '@airlock/protocol/requests';
import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import { cursorOf } from '../inbox/open-requests.ts';
import { type ApiDeps, createRouter } from './context.ts';
import { failure, idParam, json, jsonBody, pageQuery } from './responses.ts';

const inboxRoute = createRoute({
  method: 'get',
  path: '/inbox',
  request: {
    query: pageQuery.extend({
      order: z.enum(['oldest', 'due']).default('oldest'),
      kind: z.enum(['form', 'tool', 'question', 'plan', 'elicitation']).optional(),
      service: z.string().max(64).optional(),
      execution: z.uuid().optional(),
    }),
  },
  responses: { 200: json(listSchema(requestSchema), 'Open requests you may answer'), ...failure },
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

const assign = createRoute({
  method: 'post',
  path: '/requests/{id}/assign',
  request: { params: idParam, body: jsonBody(assignBodySchema) },
  responses: { 200: json(requestSchema, 'They may answer it now, and so may who started the execution'), ...failure },
});

export function requestRoutes({ inbox }: ApiDeps) {
  return createRouter()
    .openapi(inboxRoute, async (c) => {
      const { limit, cursor, ...which } = c.req.valid('query');
      const items = await inbox.listOpen({ ...which, limit: limit + 1, user: c.get('user'), after: cursor });
      const shown = items.slice(0, limit);
      const last = shown.at(-1);
      return c.json({ items: shown, next: last && items.length > limit ? cursorOf(last, which.order) : null }, 200);
    })
    .openapi(get, async (c) => c.json(await inbox.get(c.req.valid('param').id, c.get('user')), 200))
    .openapi(assign, async (c) => {
      const { id } = c.req.valid('param');
      await inbox.handOn(id, c.req.valid('json'), c.get('user'));
      return c.json(await inbox.get(id, c.get('user')), 200);
    })
    .openapi(answer, async (c) => {
      await inbox.answer(c.req.valid('param').id, c.req.valid('json').inputs, c.get('user'));
      return c.json({ ok: true as const }, 200);
    });
}
