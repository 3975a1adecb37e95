import { messageBodySchema, sessionSettingsSchema, sessionViewSchema } from '@airlock/protocol/api';
import { insideSchema, sessionLogSchema } from '@airlock/protocol/inside';
import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import { type ApiDeps, createRouter } from './context.ts';
import { failure, idParam, json, jsonBody } from './responses.ts';

const message = createRoute({
  method: 'post',
  path: '/sessions/{id}/messages',
  request: { params: idParam, body: jsonBody(messageBodySchema) },
  responses: { 204: { description: 'Stored; Claude is told at its next step' }, ...failure },
});
const interrupt = createRoute({
  method: 'post',
  path: '/sessions/{id}/interrupt',
  request: { params: idParam },
  responses: {
    204: { description: 'The turn in progress is stopped; nothing happens when there is none' },
    ...failure,
  },
});
const settings = createRoute({
  method: 'patch',
  path: '/sessions/{id}',
  request: { params: idParam, body: jsonBody(sessionSettingsSchema) },
  responses: { 204: { description: 'Claude works like this from now on' }, ...failure },
});

const get = createRoute({
  method: 'get',
  path: '/sessions/{id}',
  request: { params: idParam },
  responses: { 200: json(sessionViewSchema, 'What it is made of, and what runs in it'), ...failure },
});
const inside = createRoute({
  method: 'get',
  path: '/sessions/{id}/inside',
  request: { params: idParam },
  responses: { 200: json(insideSchema, 'What its container does now, or why there is nothing to see'), ...failure },
});
const logs = createRoute({
  method: 'get',
  path: '/sessions/{id}/logs',
  request: {
    params: idParam,
    /** How many lines, the last ones. */
    query: z.object({ tail: z.coerce.number().int().min(1).max(1_000).default(200) }),
  },
  responses: {
    200: json(sessionLogSchema, 'What was printed in its container, and how those before it ended'),
    ...failure,
  },
});
const stopTask = createRoute({
  method: 'post',
  path: '/sessions/{id}/tasks/{task}/stop',
  request: { params: idParam.extend({ task: z.string().min(1).max(200) }) },
  responses: { 204: { description: 'It is stopped' }, ...failure },
});

export function sessionRoutes({ steering, sessions }: ApiDeps) {
  return createRouter()
    .openapi(get, async (c) => c.json(await sessions.describe(c.req.valid('param').id), 200))
    .openapi(inside, async (c) => c.json(await sessions.inside(c.req.valid('param').id), 200))
    .openapi(logs, async (c) => {
      return c.json(await sessions.readLog(c.req.valid('param').id, c.req.valid('query').tail), 200);
    })
    .openapi(stopTask, async (c) => {
      const { id, task } = c.req.valid('param');
      await steering.stopTask(id, task, c.get('user'));
      return c.body(null, 204);
    })
    .openapi(message, async (c) => {
      await steering.say(c.req.valid('param').id, c.req.valid('json').text, c.get('user'));
      return c.body(null, 204);
    })
    .openapi(interrupt, async (c) => {
      await steering.interrupt(c.req.valid('param').id, c.get('user'));
      return c.body(null, 204);
    })
    .openapi(settings, async (c) => {
      await steering.change(c.req.valid('param').id, c.req.valid('json'), c.get('user'));
      return c.body(null, 204);
    });
}
