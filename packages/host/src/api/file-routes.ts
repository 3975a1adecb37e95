import { AirlockError } from '@airlock/protocol/errors';
import { type FileEntry, fileEntrySchema, filePlaceSchema } from '@airlock/protocol/files/file';
import { createRoute } from '@hono/zod-openapi';
import type { Context } from 'hono';
import * as z from 'zod';
import { bodyOf, toBody } from './body.ts';
import { type ApiDeps, type ApiEnv, createRouter } from './context.ts';
import { contentDisposition, typeOf } from './file-headers.ts';
import { rangeIn } from './range.ts';
import { failure, idParam, json } from './responses.ts';
import { zipOf } from './zip.ts';

const placeParam = idParam.extend({ place: filePlaceSchema });

const list = createRoute({
  method: 'get',
  path: '/executions/{id}/files/{place}',
  request: { params: placeParam, query: z.object({ as: z.enum(['json', 'zip']).default('json') }) },
  responses: {
    200: {
      description: 'By path; with `as=zip` all of them in one archive',
      content: {
        'application/json': { schema: z.object({ items: z.array(fileEntrySchema), next: z.null() }) },
        'application/zip': { schema: z.string() },
      },
    },
    ...failure,
  },
});

const oneFile = { params: placeParam.extend({ path: z.string() }) };
const fileAddress = '/executions/{id}/files/{place}/{path}';

/** What OpenAPI is told; it has no words for a path of several names. */
const described = [
  createRoute({
    method: 'get',
    path: fileAddress,
    request: { ...oneFile, headers: z.object({ range: z.string().optional() }) },
    responses: { 200: { description: 'A file' }, 206: { description: 'The range asked for' }, ...failure },
  }),
  createRoute({
    method: 'put',
    path: fileAddress,
    request: { ...oneFile, body: { required: true, content: { 'application/octet-stream': { schema: z.string() } } } },
    responses: { 201: json(fileEntrySchema, 'Kept; sessions get it with what they are told next'), ...failure },
  }),
  createRoute({
    method: 'delete',
    path: fileAddress,
    request: oneFile,
    responses: { 204: { description: 'Removed' }, ...failure },
  }),
];

const onePath = '/executions/:id/files/:place/:path{.+}';

type FileContext = Context<ApiEnv, typeof onePath>;

export function fileRoutes({ executions, files: { files }, filesSettled }: ApiDeps) {
  const router = createRouter();
  for (const route of described) router.openAPIRegistry.registerPath(route);

  async function nameIn(c: FileContext) {
    const params = placeParam.safeParse({ id: c.req.param('id'), place: c.req.param('place') });
    if (!params.success) throw new AirlockError('not_found', 'Files are in `in` or `out` of an execution');
    const { id, place } = params.data;
    const { user } = await executions.get(id);
    return { owner: user, name: { execution: id, place, path: c.req.param('path') } };
  }

  async function ownNameIn(c: FileContext) {
    const { owner, name } = await nameIn(c);
    const { name: who, role } = c.get('user');
    if (who === owner || role === 'admin') return name;
    throw new AirlockError('forbidden', `Its files may be changed by ${owner} and administrators`);
  }

  router.openapi(list, async (c) => {
    const { id, place } = c.req.valid('param');
    const { service } = await executions.get(id);
    await filesSettled(id);
    const items = await files.list(id, place);
    if (c.req.valid('query').as === 'json') return c.json({ items, next: null }, 200);
    const zip = zipOf(items, ({ path }) => files.read({ execution: id, place, path }));
    return c.body(toBody(zip), 200, {
      'content-type': 'application/zip',
      'content-disposition': contentDisposition(`${service}-${place}.zip`),
    });
  });
  router.get(onePath, async (c) => {
    const { name } = await nameIn(c);
    const entry = await files.get(name);
    const headers = headersOf(entry);
    const range = rangeIn(c, { size: entry.size, tag: entry.sha256 });
    if (range === undefined) {
      return c.body(toBody(files.read(name)), 200, { ...headers, 'content-length': String(entry.size) });
    }
    return c.body(toBody(files.read(name, range)), 206, {
      ...headers,
      'content-length': String(range.end - range.start + 1),
      'content-range': `bytes ${range.start}-${range.end}/${entry.size}`,
    });
  });
  router.put(onePath, async (c) => {
    const name = await ownNameIn(c);
    return c.json(await files.put(name, bodyOf(c.req.raw), c.get('user').name), 201);
  });
  router.delete(onePath, async (c) => {
    await files.remove(await ownNameIn(c));
    return c.body(null, 204);
  });
  return router;
}

/** What is in a file is anybody's: it is saved, not shown. */
function headersOf({ path, sha256 }: FileEntry): Record<string, string> {
  return {
    'content-type': typeOf(path),
    'content-disposition': contentDisposition(path.slice(path.lastIndexOf('/') + 1)),
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-cache',
    etag: `"${sha256}"`,
  };
}
