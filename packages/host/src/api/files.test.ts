import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { HostRig } from '../executions/host-rig.fixture.ts';
import { type ApiRig, startApiRig } from './api-rig.fixture.ts';

/* Uploads and files over a host whose service processes are real. */

const mebibyte = 1024 ** 2;

let home: string;
let rig: ApiRig;
let host: HostRig;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'airlock-files-'));
  rig = await startApiRig({ services: ['batch'], home, users: { ada: 'member', bob: 'member' } });
  ({ host } = rig);
});
afterAll(async () => {
  await rig.stop();
  rmSync(home, { recursive: true });
});

type Body = Uint8Array<ArrayBuffer> | ReadableStream | string;

function call(method: string, path: string, headers: Record<string, string> = {}, body?: Body, user = 'ada') {
  return rig.app.request(path.startsWith('/api') ? path : `/api/v1${path}`, {
    method,
    headers: { ...rig.authorization(user), 'tus-resumable': '1.0.0', ...headers },
    ...(body === undefined ? {} : { body, duplex: 'half' }),
  } as RequestInit);
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest();
const checksum = (bytes: Uint8Array) => ({ 'upload-checksum': `sha256 ${sha256(bytes).toString('base64')}` });
const anyObject = z.looseObject({});
const errorOf = async (response: Response) => ({
  status: response.status,
  ...z.object({ error: anyObject }).parse(await response.json()).error,
});

async function begin(size: number, name = 'report.txt', user?: string): Promise<string> {
  const metadata = `filename ${base64(name)},filetype ${base64('text/plain')}`;
  const headers = { 'upload-length': String(size), 'upload-metadata': metadata };
  const response = await call('POST', '/uploads', headers, undefined, user);
  expect(response.status).toBe(201);
  return response.headers.get('location') ?? '';
}

function send(upload: string, offset: number, body: Body, headers: Record<string, string> = {}, user?: string) {
  const piece = { 'content-type': 'application/offset+octet-stream', 'upload-offset': String(offset), ...headers };
  return call('PATCH', upload, piece, body, user);
}

async function offsetOf(upload: string): Promise<number> {
  return Number((await call('HEAD', upload)).headers.get('upload-offset'));
}

const idOf = (upload: string) => upload.slice(upload.lastIndexOf('/') + 1);

/** Uploads a file; its id. */
async function upload(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const address = await begin(bytes.length, name);
  if (bytes.length > 0) expect((await send(address, 0, bytes)).status).toBe(204);
  return idOf(address);
}

const launchedSchema = z.object({
  id: z.string().optional(),
  error: z.object({ fields: z.record(z.string(), z.array(z.string())) }).optional(),
});

async function launch(texts: unknown) {
  const response = await call(
    'POST',
    '/services/batch/executions',
    { 'content-type': 'application/json' },
    JSON.stringify({ inputs: { texts } }),
  );
  const body = launchedSchema.parse(await response.json());
  return { status: response.status, id: body.id ?? '', fields: body.error?.fields ?? {} };
}

/** Executions that have files. */
const placesOf = () => readdirSync(join(home, 'files')).sort();

describe('an upload', () => {
  it('takes a file in pieces, says how far it is, and is removed', async () => {
    const bytes = randomBytes(3 * mebibyte);
    const address = await begin(bytes.length);
    expect(address).toMatch(/^\/api\/v1\/uploads\/[0-9a-f-]{36}$/);
    const first = await send(address, 0, bytes.subarray(0, mebibyte), checksum(bytes.subarray(0, mebibyte)));
    expect(first.status).toBe(204);
    expect(first.headers.get('upload-offset')).toBe(String(mebibyte));
    expect(await offsetOf(address)).toBe(mebibyte);
    expect((await send(address, mebibyte, bytes.subarray(mebibyte))).status).toBe(204);
    expect(await host.files.uploads.arrived(idOf(address), 'ada')).toMatchObject({
      value: { name: 'report.txt', size: bytes.length, type: 'text/plain', sha256: sha256(bytes).toString('hex') },
    });
    expect((await call('DELETE', address)).status).toBe(204);
    expect((await call('HEAD', address)).status).toBe(404);
    expect(readdirSync(join(home, 'uploads')).filter((name) => name.startsWith(idOf(address)))).toEqual([]);
  });

  it('refuses a piece that is out of order, repeated, too long or damaged, and keeps what it had', async () => {
    const bytes = randomBytes(100);
    const address = await begin(100);
    await send(address, 0, bytes.subarray(0, 40));
    const conflict = { status: 409, code: 'upload_conflict' };
    expect(await errorOf(await send(address, 0, bytes.subarray(0, 40)))).toMatchObject(conflict);
    expect(await errorOf(await send(address, 60, bytes.subarray(60)))).toMatchObject(conflict);
    expect(await errorOf(await send(address, 40, randomBytes(61)))).toMatchObject({ status: 413, code: 'too_large' });
    const damaged = await send(address, 40, randomBytes(60), checksum(bytes.subarray(40)));
    expect(await errorOf(damaged)).toMatchObject({ status: 460, code: 'upload_corrupt' });
    expect(await host.files.uploads.arrived(idOf(address), 'ada')).toBeUndefined();
    const from = await offsetOf(address);
    expect((await send(address, from, bytes.subarray(from), checksum(bytes.subarray(from)))).status).toBe(204);
    const arrived = await host.files.uploads.arrived(idOf(address), 'ada');
    expect(readFileSync(arrived?.path ?? '').equals(bytes)).toBe(true);
  });

  it('J1, J2. keeps what came before a cut, unless it could not be judged', async () => {
    const bytes = randomBytes(200);
    const cut = () => {
      const parts = [bytes.subarray(0, 50), null];
      return new ReadableStream({
        pull(controller) {
          const part = parts.shift();
          if (part) controller.enqueue(part);
          else controller.error(new Error('the connection is gone'));
        },
      });
    };
    const plain = await begin(200);
    expect((await send(plain, 0, cut())).status).toBe(500);
    expect(await offsetOf(plain)).toBe(50);
    const judged = await begin(200);
    await send(judged, 0, cut(), checksum(bytes));
    expect(await offsetOf(judged)).toBe(0);
  });

  it('J3. goes on with a new sender while the old one hangs', async () => {
    const bytes = randomBytes(100);
    const address = await begin(100);
    const begun = Promise.withResolvers<void>();
    const hanging = new ReadableStream({
      start: (controller) => controller.enqueue(bytes.subarray(0, 30)),
      pull: () => {
        begun.resolve();
        return new Promise(() => undefined);
      },
    });
    const old = send(address, 0, hanging);
    await begun.promise;
    const from = await offsetOf(address);
    expect(await errorOf(await old)).toMatchObject({ code: 'upload_conflict' });
    expect((await send(address, from, bytes.subarray(from))).status).toBe(204);
    expect((await host.files.uploads.arrived(idOf(address), 'ada'))?.value.sha256).toBe(sha256(bytes).toString('hex'));
  });

  it('is its owner’s alone', async () => {
    const address = await begin(10);
    expect((await call('HEAD', address, {}, undefined, 'bob')).status).toBe(404);
    expect((await send(address, 0, randomBytes(10), {}, 'bob')).status).toBe(404);
    expect((await call('DELETE', address, {}, undefined, 'bob')).status).toBe(404);
    for (const id of ['..', 'x', '%2e%2e%2fx', '../../airlock.db', randomUUID()]) {
      expect((await call('HEAD', `/uploads/${id}`)).status).toBe(404);
    }
  });

  it.each<[string, Record<string, string>, number, string]>([
    ['without a length', {}, 400, 'bad_request'],
    ['of a length that is none', { 'upload-length': '-1' }, 400, 'bad_request'],
    ['larger than any file may be', { 'upload-length': String(6 * 1024 ** 3) }, 413, 'too_large'],
    ['with metadata that is none', { 'upload-length': '1', 'upload-metadata': 'filename %%%' }, 400, 'bad_request'],
    ['of another version', { 'upload-length': '1', 'tus-resumable': '0.2.2' }, 400, 'bad_request'],
  ])('is refused %s', async (_, headers, status, code) => {
    expect(await errorOf(await call('POST', '/uploads', headers))).toMatchObject({ status, code });
  });

  it('has a safe name, whatever it was called', async () => {
    const id = idOf(await begin(0, '../../etc/\u202ecron.d'));
    expect((await host.files.uploads.arrived(id, 'ada'))?.value).toMatchObject({ name: 'etc/cron.d', size: 0 });
  });

  it('J4. goes after a day in which nobody touched it', async () => {
    const [old, young] = [await begin(10), await begin(10)];
    const twoDaysAgo = Date.now() / 1000 - 2 * 24 * 60 * 60;
    utimesSync(join(home, 'uploads', idOf(old)), twoDaysAgo, twoDaysAgo);
    await host.files.uploads.sweep();
    expect((await call('HEAD', old)).status).toBe(404);
    expect((await call('HEAD', young)).status).toBe(200);
  });
});

describe('a form with files', () => {
  it('R1. gives them a place in the execution, beside others of their name, and the service reads them', async () => {
    const [a, b] = [await upload('a.txt', Buffer.from('one two')), await upload('a.txt', Buffer.from('three'))];
    const { status, fields } = await launch([a, { upload: b, name: 'lies', size: 1, sha256: 'lies' }]);
    expect(status).toBe(422);
    expect(fields.texts).toEqual(['Expected the ids of uploads']);
    const started = await launch([a, { upload: b, name: 'lies', size: 7_000, path: 'out/../../x' }]);
    expect(started.status).toBe(201);
    const { inputs, status: end } = await host.ended(started.id);
    expect(end).toBe('finished');
    expect(inputs.texts).toMatchObject([
      { upload: a, name: 'a.txt', size: 7, path: 'in/a.txt' },
      { upload: b, name: 'a.txt', size: 5, path: 'in/a (2).txt' },
    ]);
    const files = await call('GET', `/executions/${started.id}/files/in`);
    expect(anyObject.parse(await files.json()).items).toMatchObject([
      { path: 'a (2).txt', size: 5, by: 'ada', sha256: sha256('three').toString('hex') },
      { path: 'a.txt', size: 7, by: 'ada' },
    ]);
    const made = await call('GET', `/executions/${started.id}/files/out/words.csv`);
    expect(await made.text()).toBe('name,lines,words\n"a.txt",1,2\n"a.txt",1,1\n');
  });

  it('is refused while a file is not there, another’s, or not all of it', async () => {
    const before = placesOf();
    const part = await begin(10);
    const others = await begin(0, 'b.txt', 'bob');
    for (const id of [idOf(part), idOf(others), randomUUID()]) {
      const { status, fields } = await launch([id]);
      expect([status, Object.keys(fields)]).toEqual([422, ['texts']]);
    }
    for (const nothing of [[], null, [part, {}], 'x', [[]], { __proto__: [] }]) {
      expect((await launch(nothing)).status).toBe(422);
    }
    expect(placesOf()).toEqual(before);
  });
});

describe('a file of an execution', () => {
  let address: string;
  beforeEach(async () => {
    const { id } = await launch([await upload('a.txt', Buffer.from('0123456789'))]);
    await host.ended(id);
    address = `/executions/${id}/files`;
  });

  it.each([
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=8-', 206, '89', 'bytes 8-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=0-99', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=0-1,5-6', 200, '0123456789', null],
    ['lines=1-2', 200, '0123456789', null],
  ])('is read in ranges: %s', async (range, status, text, contentRange) => {
    const response = await call('GET', `${address}/in/a.txt`, { range });
    expect([response.status, await response.text(), response.headers.get('content-range')]).toEqual([
      status,
      text,
      contentRange,
    ]);
    expect(response.headers.get('content-length')).toBe(String(text.length));
  });

  it('has no range past its end, and none of another version', async () => {
    expect(await errorOf(await call('GET', `${address}/in/a.txt`, { range: 'bytes=10-' }))).toMatchObject({
      status: 416,
    });
    const response = await call('GET', `${address}/in/a.txt`, { range: 'bytes=0-1', 'if-range': '"another"' });
    expect(response.status).toBe(200);
  });

  it('is saved, not shown, and could do nothing', async () => {
    const name = 'ü "<b>";\'.html';
    const put = await call('PUT', `${address}/out/${encodeURIComponent(name)}`, {}, '<script>alert(1)</script>');
    expect(put.status).toBe(201);
    const response = await call('GET', `${address}/out/${encodeURIComponent(name)}`);
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect(response.headers.get('content-disposition')).toMatch(
      /^attachment; filename="_ _<b>_;'\.html"; filename\*=UTF-8''%C3%BC/,
    );
    expect(response.headers.get('content-security-policy')).toContain('sandbox');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('is put, replaced and removed by its owner alone', async () => {
    expect((await call('PUT', `${address}/in/folder/b.txt`, {}, 'first')).status).toBe(201);
    expect((await call('PUT', `${address}/in/folder/b.txt`, {}, 'second')).status).toBe(201);
    expect(await (await call('GET', `${address}/in/folder/b.txt`)).text()).toBe('second');
    expect((await call('PUT', `${address}/in/folder/b.txt`, {}, 'x', 'bob')).status).toBe(403);
    expect((await call('DELETE', `${address}/in/a.txt`, {}, undefined, 'bob')).status).toBe(403);
    expect((await call('DELETE', `${address}/in/folder/b.txt`)).status).toBe(204);
    expect((await call('GET', `${address}/in/folder/b.txt`)).status).toBe(404);
    expect(await errorOf(await call('PUT', `${address}/in/a.txt/c`, {}, 'x'))).toMatchObject({ status: 409 });
  });

  it.each(['%2e%2e%2fairlock.db', '..%2f..%2fx', 'a%00b', 'a%5cb', '.%2fa.txt', 'a%2f%2fb'])(
    'R2. is never outside its place: %s',
    async (path) => {
      expect((await call('GET', `${address}/in/${path}`)).status).toBe(404);
      expect((await call('PUT', `${address}/in/${path}`, {}, 'x')).status).toBe(400);
    },
  );

  it('comes with the others in one archive', async () => {
    const response = await call('GET', `${address}/out?as=zip`);
    expect(response.headers.get('content-type')).toBe('application/zip');
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.subarray(0, 2).toString()).toBe('PK');
    expect(bytes.includes('words.csv')).toBe(true);
  });

  it('R3. goes with its execution', async () => {
    const id = address.split('/')[2] ?? '';
    expect(placesOf()).toContain(id);
    expect((await call('DELETE', `/executions/${id}`)).status).toBe(204);
    expect(placesOf()).not.toContain(id);
  });
});
