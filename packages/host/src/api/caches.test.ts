import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AirlockError } from '@airlock/protocol/errors';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { noCaches } from '../caches/fixtures.ts';
import { type ApiRig, startApiRig } from './api-rig.fixture.ts';

const cache = {
  id: '0123456789abcdef',
  service: 'hello',
  name: 'wheels',
  fill: ['pip'],
  image: 'sha256:1',
  bytes: 1,
  filledAt: '2030-01-01T00:00:00.000Z',
  usedAt: '2030-01-01T00:00:00.000Z',
};

let folder: string;
let rig: ApiRig;
let removed: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'airlock-services-'));
  removed = [];
  const caches = {
    ...noCaches,
    list: () => [cache],
    async remove(id: string) {
      if (id !== cache.id) throw new AirlockError('not_found', 'There is no such cache');
      removed.push(id);
    },
  };
  rig = await startApiRig({ services: folder, users: { root: 'admin', ada: 'member' }, caches });
});
afterEach(async () => {
  await rig.stop();
  rmSync(folder, { recursive: true });
});

it('lists and removes caches for administrators, and for nobody else', async () => {
  const path = `/caches/${cache.id}`;
  expect((await rig.call('ada', 'GET', '/caches')).status).toBe(403);
  expect((await rig.call('ada', 'DELETE', path)).status).toBe(403);
  expect(removed).toEqual([]);
  expect((await rig.call('root', 'GET', '/caches')).body).toEqual({ items: [cache], next: null });
  expect((await rig.call('root', 'DELETE', path)).status).toBe(204);
  expect(removed).toEqual([cache.id]);
  expect((await rig.call('root', 'DELETE', '/caches/fedcba9876543210')).status).toBe(404);
  expect((await rig.call('root', 'DELETE', '/caches/..%2F..%2Fhost')).status).toBe(400);
});
