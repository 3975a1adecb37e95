import { messageBodySchema, sessionSettingsSchema } from '@airlock/protocol/api';
import { createRoute } from '@hono/zod-openapi';
import { type ApiDeps, createRouter } from './context.ts';
import { failure, idParam, jsonBody } from './responses.ts';

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

export function sessionRoutes({ steering }: ApiDeps) {
  return createRouter()
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
