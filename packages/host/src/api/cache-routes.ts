import { listSchema } from '@airlock/protocol/api';
import { filledCacheSchema } from '@airlock/protocol/caches';
import { AirlockError } from '@airlock/protocol/errors';
import { createRoute } from '@hono/zod-openapi';
import { type ApiDeps, createRouter } from './context.ts';
import { failure, json } from './responses.ts';

const list = createRoute({
  method: 'get',
  path: '/caches',
  responses: { 200: json(listSchema(filledCacheSchema), 'Caches of services that are filled'), ...failure },
});
const remove = createRoute({
  method: 'delete',
  path: '/caches/{id}',
  request: { params: filledCacheSchema.pick({ id: true }) },
  responses: { 204: { description: 'Removed; the next session that wants it has it filled again' }, ...failure },
});

export function cacheRoutes({ caches }: ApiDeps) {
  return createRouter()
    .openapi(list, (c) => {
      requireAdmin(c.get('user').role);
      return c.json({ items: caches.list(), next: null }, 200);
    })
    .openapi(remove, async (c) => {
      requireAdmin(c.get('user').role);
      await caches.remove(c.req.valid('param').id);
      return c.body(null, 204);
    });
}

function requireAdmin(role: string): void {
  if (role !== 'admin') throw new AirlockError('forbidden', 'Caches are the business of administrators');
}
