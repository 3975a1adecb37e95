import {
  deployBodySchema,
  deployedSchema,
  launchSchema,
  listSchema,
  serviceSchema,
  serviceSummarySchema,
} from '@airlock/protocol/api';
import { AirlockError } from '@airlock/protocol/errors';
import { idSchema } from '@airlock/protocol/ids';
import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import { type ApiDeps, createRouter } from './context.ts';
import { failure, json, jsonBody } from './responses.ts';

const nameParam = z.object({ name: z.string().min(1).max(64) });

const launchHeaders = z.object({
  /** The same launch sent again with it starts nothing. */
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'Use 1 to 255 printable characters without spaces')
    .optional(),
});

const list = createRoute({
  method: 'get',
  path: '/services',
  responses: { 200: json(listSchema(serviceSummarySchema), 'Services of this installation'), ...failure },
});
const get = createRoute({
  method: 'get',
  path: '/services/{name}',
  request: { params: nameParam },
  responses: { 200: json(serviceSchema, 'A service with its form'), ...failure },
});
const launch = createRoute({
  method: 'post',
  path: '/services/{name}/executions',
  request: { params: nameParam, headers: launchHeaders, body: jsonBody(launchSchema) },
  responses: {
    200: json(z.object({ id: idSchema }), 'Started before, with the same Idempotency-Key'),
    201: json(z.object({ id: idSchema }), 'Started'),
    ...failure,
  },
});
const deploy = createRoute({
  method: 'post',
  path: '/services/deploy',
  request: { body: jsonBody(deployBodySchema) },
  responses: { 200: json(listSchema(deployedSchema), 'What became of each service'), ...failure },
});

export function serviceRoutes({ executions }: ApiDeps) {
  return createRouter()
    .openapi(list, async (c) => c.json({ items: await executions.services.list(), next: null }, 200))
    .openapi(get, async (c) => c.json(await executions.services.get(c.req.valid('param').name), 200))
    .openapi(launch, async (c) => {
      const { name } = c.req.valid('param');
      const { 'idempotency-key': key } = c.req.valid('header');
      const { id, isNew } = await executions.launch(name, c.req.valid('json').inputs, c.get('user').name, key);
      return c.json({ id: idSchema.parse(id) }, isNew ? 201 : 200);
    })
    .openapi(deploy, async (c) => {
      const { name, role } = c.get('user');
      if (role !== 'admin') throw new AirlockError('forbidden', 'Services are deployed by administrators');
      const { service, move } = c.req.valid('json');
      return c.json({ items: await executions.deploy({ service, move }, name), next: null }, 200);
    });
}
