import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKeyCheck } from './key-check.ts';

let status: number;
let asked: Array<{ url: string | undefined; key: string | string[] | undefined }>;
let now: number;
const server = createServer((request, response) => {
  asked.push({ url: request.url, key: request.headers['x-api-key'] });
  response.writeHead(status).end('{}');
});
let baseUrl: string;

beforeEach(async () => {
  [status, asked, now] = [200, [], 0];
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/prefix/`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const create = () => createKeyCheck({ baseUrl, apiKey: 'sk-test', now: () => now });

describe('keyCheck.check()', () => {
  it('asks below the prefix of the upstream, and not again for ten minutes once the key was taken', async () => {
    const keys = create();
    expect(await keys.check()).toBeUndefined();
    now = 9 * 60_000;
    await keys.check();
    expect(asked).toEqual([{ url: '/prefix/v1/models?limit=1', key: 'sk-test' }]);
    now = 11 * 60_000;
    await keys.check();
    expect(asked).toHaveLength(2);
  });

  it('tells of a key that is refused, every time', async () => {
    status = 401;
    const keys = create();
    expect(await keys.check()).toMatchObject({ code: 'model_key_refused' });
    expect(await keys.check()).toMatchObject({ code: 'model_key_refused' });
  });

  it.each([403, 404, 429, 500])('says nothing of a key because of status %i', async (other) => {
    status = other;
    expect(await create().check()).toBeUndefined();
  });

  it('says nothing of a key when the upstream cannot be reached', async () => {
    const keys = createKeyCheck({ baseUrl: 'http://127.0.0.1:1', apiKey: 'sk-test', now: () => now });
    expect(await keys.check()).toBeUndefined();
  });
});
