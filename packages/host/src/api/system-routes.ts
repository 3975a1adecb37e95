import { systemSchema } from '@airlock/protocol/api';
import { AirlockError } from '@airlock/protocol/errors';
import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import { type ApiDeps, createRouter } from './context.ts';
import { failure, json, jsonBody } from './responses.ts';

const system = createRoute({
  method: 'get',
  path: '/system',
  responses: { 200: json(systemSchema, 'What this installation runs on'), ...failure },
});
const stop = createRoute({
  method: 'post',
  path: '/system/stop',
  request: { body: jsonBody(z.strictObject({ sessions: z.boolean() })) },
  responses: { 202: json(z.object({ stopping: z.literal(true) }), 'Stopping'), ...failure },
});

export function systemRoutes(deps: ApiDeps) {
  return createRouter()
    .openapi(system, async (c) => c.json(await deps.system(), 200))
    .openapi(stop, (c) => {
      if (c.get('user').role !== 'admin') throw new AirlockError('forbidden', 'Only an administrator may stop Airlock');
      deps.stop(c.req.valid('json').sessions);
      return c.json({ stopping: true as const }, 202);
    });
}
