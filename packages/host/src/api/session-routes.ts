import { messageBodySchema, sessionSettingsSchema, sessionViewSchema } from '@airlock/protocol/api';
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
const stopTask = createRoute({
  method: 'post',
  path: '/sessions/{id}/tasks/{task}/stop',
  request: { params: idParam.extend({ task: z.string().min(1).max(200) }) },
  responses: { 204: { description: 'It is stopped' }, ...failure },
});

export function sessionRoutes({ steering, describeSession }: ApiDeps) {
  return createRouter()
    .openapi(get, async (c) => c.json(await describeSession(c.req.valid('param').id), 200))
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
