import { apiBase } from '@airlock/protocol/api';
import { AirlockError } from '@airlock/protocol/errors';
import { maxFileBytes } from '@airlock/protocol/files/file';
import { createRoute } from '@hono/zod-openapi';
import { createMiddleware } from 'hono/factory';
import * as z from 'zod';
import type { Upload } from '../files/uploads.ts';
import { bodyOf } from './body.ts';
import { type ApiDeps, type ApiEnv, createRouter } from './context.ts';
import { failure } from './responses.ts';
import { readUploadMetadata } from './upload-metadata.ts';

/*
 * Uploads as tus 1.0.0 describes them (https://tus.io/protocols/resumable-upload), with its extensions creation,
 * expiration, checksum and termination.
 */

const version = '1.0.0';
const abilities = {
  'tus-resumable': version,
  'tus-version': version,
  'tus-extension': 'creation,expiration,checksum,termination',
  'tus-checksum-algorithm': 'sha256',
  'tus-max-size': String(maxFileBytes),
};
const pieceType = 'application/offset+octet-stream';

const headers = z.object({ 'tus-resumable': z.literal(version) });
const onOne = { params: z.object({ id: z.uuid() }), headers };

/** What OpenAPI is told; bodies and answers are the protocol's. */
const described = [
  createRoute({
    method: 'post',
    path: '/uploads',
    request: {
      headers: headers.extend({ 'upload-length': z.string(), 'upload-metadata': z.string().optional() }),
    },
    responses: { 201: { description: 'Begun; its address is in Location' }, ...failure },
  }),
  createRoute({
    method: 'get',
    path: '/uploads/{id}',
    request: onOne,
    responses: { 200: { description: 'How far it is: Upload-Offset of Upload-Length' }, ...failure },
  }),
  createRoute({
    method: 'patch',
    path: '/uploads/{id}',
    request: {
      ...onOne,
      headers: headers.extend({ 'upload-offset': z.string(), 'upload-checksum': z.string().optional() }),
      body: { required: true, content: { [pieceType]: { schema: z.string() } } },
    },
    responses: { 204: { description: 'Taken; the new Upload-Offset is in the headers' }, ...failure },
  }),
  createRoute({
    method: 'delete',
    path: '/uploads/{id}',
    request: onOne,
    responses: { 204: { description: 'Given up' }, ...failure },
  }),
];

/** Every answer names the protocol, errors included; a client of another version is told so. */
const speaksTus = createMiddleware<ApiEnv>(async (c, next) => {
  c.header('tus-resumable', version);
  const theirs = c.req.header('tus-resumable');
  if (c.req.method !== 'OPTIONS' && theirs !== version) {
    throw new AirlockError('bad_request', `Uploads speak tus ${version}: send the header Tus-Resumable: ${version}`);
  }
  await next();
});

function progressOf({ offset, size, expiresAt }: Upload): Record<string, string> {
  return {
    'upload-offset': String(offset),
    'upload-length': String(size),
    'upload-expires': expiresAt.toUTCString(),
    'cache-control': 'no-store',
  };
}

function numberIn(header: string | undefined, name: string): number {
  if (header !== undefined && /^\d{1,16}$/.test(header)) return Number(header);
  throw new AirlockError('bad_request', `The header ${name} must be a whole number of bytes`);
}

function checksumIn(header: string | undefined): Buffer | undefined {
  if (header === undefined) return undefined;
  const [algorithm, encoded = ''] = header.split(' ');
  const sha256 = Buffer.from(encoded, 'base64');
  if (algorithm === 'sha256' && sha256.length === 32) return sha256;
  throw new AirlockError('bad_request', 'The header Upload-Checksum must be sha256 and its digest in Base64');
}

export function uploadRoutes({ files: { uploads } }: ApiDeps) {
  const router = createRouter();
  for (const route of described) router.openAPIRegistry.registerPath(route);
  router.use('/uploads/*', speaksTus);
  router.on('OPTIONS', ['/uploads', '/uploads/:id'], (c) => c.body(null, 204, abilities));
  router.post('/uploads', async (c) => {
    const size = numberIn(c.req.header('upload-length'), 'Upload-Length');
    const { filename = 'file', filetype = '' } = readUploadMetadata(c.req.header('upload-metadata') ?? '');
    const upload = await uploads.create({ user: c.get('user').name, name: filename, type: filetype, size });
    return c.body(null, 201, { location: `${apiBase}/uploads/${upload.id}`, ...progressOf(upload) });
  });
  // HEAD, which Hono answers with what GET says less its body.
  router.get('/uploads/:id', async (c) => {
    return c.body(null, 200, progressOf(await uploads.get(c.req.param('id'), c.get('user').name)));
  });
  router.patch('/uploads/:id', async (c) => {
    if (c.req.header('content-type') !== pieceType) {
      throw new AirlockError('bad_request', `A piece has the content type ${pieceType}`);
    }
    const upload = await uploads.write({
      id: c.req.param('id'),
      user: c.get('user').name,
      offset: numberIn(c.req.header('upload-offset'), 'Upload-Offset'),
      sha256: checksumIn(c.req.header('upload-checksum')),
      body: bodyOf(c.req.raw),
    });
    return c.body(null, 204, progressOf(upload));
  });
  router.delete('/uploads/:id', async (c) => {
    await uploads.remove(c.req.param('id'), c.get('user').name);
    return c.body(null, 204);
  });
  return router;
}
