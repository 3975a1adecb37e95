import { executionSchema, executionSummarySchema, listSchema } from '@airlock/protocol/api';
import { executionStatusSchema } from '@airlock/protocol/executions';
import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import { type ApiDeps, createRouter } from './context.ts';
import { failure, idParam, json, pageQuery } from './responses.ts';
import { serveEvents } from './sse.ts';

const list = createRoute({
  method: 'get',
  path: '/executions',
  request: {
    query: pageQuery.extend({ status: executionStatusSchema.optional(), q: z.string().max(200).optional() }),
  },
  responses: { 200: json(listSchema(executionSummarySchema), 'Newest first'), ...failure },
});
const get = createRoute({
  method: 'get',
  path: '/executions/{id}',
  request: { params: idParam },
  responses: { 200: json(executionSchema, 'An execution'), ...failure },
});
const cancel = createRoute({
  method: 'post',
  path: '/executions/{id}/cancel',
  request: { params: idParam },
  responses: { 204: { description: 'Cancelled, or over already' }, ...failure },
});
const remove = createRoute({
  method: 'delete',
  path: '/executions/{id}',
  request: { params: idParam },
  responses: { 204: { description: 'Deleted' }, ...failure },
});
const eventSchema = z.object({ seq: z.number(), at: z.string(), kind: z.string(), payload: z.unknown() });
const events = createRoute({
  method: 'get',
  path: '/executions/{id}/events',
  request: {
    params: idParam,
    query: z.object({
      limit: z.coerce.number().int().min(1).max(1000).default(200),
      /** Seq of the last event seen. */
      cursor: z.coerce.number().int().nonnegative().default(0),
    }),
  },
  responses: {
    200: {
      description: 'A stream that resumes after Last-Event-ID, or a page of JSON',
      content: {
        'text/event-stream': { schema: z.string() },
        'application/json': { schema: listSchema(eventSchema) },
      },
    },
    ...failure,
  },
});

export function executionRoutes(deps: ApiDeps) {
  const { executions, log } = deps;
  return createRouter()
    .openapi(list, async (c) => {
      const { status, q, limit, cursor } = c.req.valid('query');
      const page = await executions.list({
        limit,
        ...(status === undefined ? {} : { status }),
        ...(q === undefined ? {} : { q }),
        ...(cursor === undefined ? {} : { cursor }),
      });
      return c.json(page, 200);
    })
    .openapi(get, async (c) => c.json(await executions.get(c.req.valid('param').id), 200))
    .openapi(cancel, async (c) => {
      await executions.cancel(c.req.valid('param').id, c.get('user').name);
      return c.body(null, 204);
    })
    .openapi(remove, async (c) => {
      await executions.remove(c.req.valid('param').id, c.get('user').name);
      return c.body(null, 204);
    })
    .openapi(events, async (c) => {
      const { id } = c.req.valid('param');
      const { lastSeq } = await executions.get(id);
      if (!(c.req.header('accept') ?? '').includes('application/json')) {
        return serveEvents(c, { log, execution: id, lastSeq, logger: deps.logger });
      }
      const { limit, cursor } = c.req.valid('query');
      const items = await log.read(id, cursor, limit);
      const last = items.at(-1);
      return c.json({ items, next: last && items.length === limit ? String(last.seq) : null }, 200);
    });
}
