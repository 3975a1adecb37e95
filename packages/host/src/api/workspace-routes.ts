import {
  type WorkspaceMoment,
  workspaceChangesSchema,
  workspaceMomentSchema,
  workspaceSchema,
} from '@airlock/protocol/files/workspace';
import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import { toBody } from './body.ts';
import { type ApiDeps, createRouter } from './context.ts';
import { contentDisposition, typeOf } from './file-headers.ts';
import { rangeIn } from './range.ts';
import { failure, idParam } from './responses.ts';
import { zipOfStream } from './zip.ts';

const session = z.string().max(200).optional();
const page = {
  limit: z.coerce.number().int().min(1).max(2_000).default(1_000),
  cursor: z.coerce.number().int().nonnegative().default(0),
};
const moment = (otherwise: WorkspaceMoment) => workspaceMomentSchema.default(otherwise);

const folder = createRoute({
  method: 'get',
  path: '/executions/{id}/files/workspace',
  request: {
    params: idParam,
    query: z.object({
      session,
      at: moment('now'),
      folder: z.string().max(12_000).default(''),
      as: z.enum(['json', 'zip']).default('json'),
      ...page,
    }),
  },
  responses: {
    200: {
      description:
        'What is in one folder (an `address`), now, at the start or after a turn; with `as=zip` every plain file of now',
      content: { 'application/json': { schema: workspaceSchema }, 'application/zip': { schema: z.string() } },
    },
    ...failure,
  },
});

const fileQuery = z.object({ session, at: moment('now') });
const described = createRoute({
  method: 'get',
  path: '/executions/{id}/files/workspace/{path}',
  request: {
    params: idParam.extend({ path: z.string() }),
    query: fileQuery,
    headers: z.object({ range: z.string().optional() }),
  },
  responses: { 200: { description: 'A file' }, 206: { description: 'The range asked for' }, ...failure },
});

const changes = createRoute({
  method: 'get',
  path: '/executions/{id}/workspace/changes',
  request: {
    params: idParam,
    query: z.object({
      session,
      from: moment('start'),
      to: moment('now'),
      path: z.string().max(12_000).optional(),
      diffs: z.stringbool().default(false),
      as: z.enum(['json', 'patch']).default('json'),
      ...page,
    }),
  },
  responses: {
    200: {
      description:
        'What differs between two moments, by path; with `diffs` how, as far as it fits; with `as=patch` all of it for `git apply`',
      content: { 'application/json': { schema: workspaceChangesSchema }, 'text/x-patch': { schema: z.string() } },
    },
    ...failure,
  },
});

export function workspaceRoutes({ executions, workspaces }: ApiDeps) {
  const router = createRouter();
  router.openAPIRegistry.registerPath(described);

  router.openapi(folder, async (c) => {
    const { id: execution } = c.req.valid('param');
    const { as, session, ...what } = c.req.valid('query');
    const { service } = await executions.get(execution);
    const whose = { execution, session };
    if (as === 'json') return c.json(await workspaces.folder(whose, what), 200);
    return c.body(toBody(zipOfStream(await workspaces.files(whose))), 200, {
      'content-type': 'application/zip',
      'content-disposition': contentDisposition(`${service}-workspace.zip`),
    });
  });

  router.get('/executions/:id/files/workspace/:path{.+}', async (c) => {
    const { id } = idParam.parse({ id: c.req.param('id') });
    await executions.get(id);
    const { session, at } = fileQuery.parse(c.req.query());
    const address = c.req.param('path');
    const file = await workspaces.file({ execution: id, session }, { at, address });
    const headers = {
      'content-type': typeOf(file.path),
      'content-disposition': contentDisposition(file.path.slice(file.path.lastIndexOf('/') + 1)),
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-cache',
      etag: `"${file.tag}"`,
    };
    const range = rangeIn(c, { size: file.size, tag: file.tag });
    if (range === undefined) {
      return c.body(toBody(file.read()), 200, { ...headers, 'content-length': String(file.size) });
    }
    return c.body(toBody(file.read(range)), 206, {
      ...headers,
      'content-length': String(range.end - range.start + 1),
      'content-range': `bytes ${range.start}-${range.end}/${file.size}`,
    });
  });

  router.openapi(changes, async (c) => {
    const { id: execution } = c.req.valid('param');
    const { as, session, ...what } = c.req.valid('query');
    const { service } = await executions.get(execution);
    const whose = { execution, session };
    if (as === 'json') return c.json(await workspaces.changes(whose, what), 200);
    return c.body(await workspaces.patch(whose, what), 200, {
      'content-type': 'text/x-patch; charset=utf-8',
      'content-disposition': contentDisposition(`${service}.patch`),
    });
  });
  return router;
}
