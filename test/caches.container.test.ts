import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillVolume } from '@airlock/host/caches/fill-volume';
import { readConfig } from '@airlock/host/config';
import { createEngineClient, type EngineClient } from '@airlock/host/engine/engine-client';
import { engineSearchError, findEngine } from '@airlock/host/engine/find-engine';
import { ensureImage } from '@airlock/host/images/ensure-image';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/* The command that fills a cache, on a real engine. */

const root = join(import.meta.dirname, '..');
const home = `test-caches-${process.pid}`;
const MiB = 1024 ** 2;
const folder = mkdtempSync(join(tmpdir(), 'airlock-ca-'));
const env = { SSL_CERT_FILE: join(folder, 'ca.pem') };

let client: EngineClient;
let image: string;

beforeAll(async () => {
  writeFileSync(env.SSL_CERT_FILE, 'whom we trust');
  const { env: own, userHome, home: data } = readConfig(root);
  const uid = process.getuid?.();
  const search = await findEngine({ env: own, platform: process.platform, userHome, uid });
  if (search.kind !== 'found') throw engineSearchError(search);
  client = createEngineClient(search.address);
  const folders = { cacheFolder: join(data, 'cache'), logFolder: join(data, 'logs') };
  const common = { client, engine: search.info, root, env: own, platform: process.platform, hostArch: process.arch };
  image = (await ensureImage({ ...common, ...folders, uid, onProgress: () => undefined })).id;
}, 900_000);
afterAll(async () => {
  await removeVolume();
  rmSync(folder, { recursive: true, force: true });
});

const volume = `airlock-cache-${home}`;
const removeVolume = () =>
  client
    .getVolume(volume)
    .remove()
    .then(
      () => true,
      () => false,
    );

/** Runs a shell command as a cache is filled. */
async function fill(command: string, { ms = 60_000, bytes = 64 * MiB, signal = new AbortController().signal } = {}) {
  const spec = { id: '0123456789abcdef', name: 'wheels', fill: ['sh', '-c', command], volume, image };
  return await fillVolume(spec, { client, home, env, limits: { ms, bytes } }, signal);
}

async function left() {
  const filters = { label: [`airlock.home=${home}`] };
  const [containers, volumes] = await Promise.all([
    client.listContainers({ all: true, filters }),
    client.listVolumes({ filters }),
  ]);
  return [containers.length, (volumes.Volumes ?? []).length];
}

describe('filling a cache', () => {
  it('runs as uid 1000 with what the host trusts, and leaves what it made and nothing beside it', async () => {
    const check = 'test "$(id -u)" = 1000 && cat $SSL_CERT_FILE >seen && test -w "$HOME" && test -w "$TMPDIR"';
    const bytes = await fill(
      `${check} && ! touch /x /workspace/x && mkdir -m 0 $TMPDIR/locked && head -c 2M /dev/zero >big`,
    );
    expect(bytes).toBeGreaterThan(2 * MiB);
    expect(bytes).toBeLessThan(3 * MiB);
    expect(await left()).toEqual([0, 1]);
    expect(await removeVolume()).toBe(true);
  });

  it.each([
    ['makes too much', 'head -c 3M /dev/zero >a; head -c 3M /dev/zero >b', { bytes: 4 * MiB }, 'made more than 4 MiB'],
    ['makes too much and goes on', 'head -c 3M /dev/zero >a; cp a b; sleep 600', { bytes: 4 * MiB }, 'made more than'],
    ['makes one file too long', 'head -c 5M /dev/zero >a', { bytes: 4 * MiB }, 'ended with code'],
    ['takes too long', 'echo so far; sleep 600', { ms: 1_000 }, 'within 1 s. It printed last:\nso far'],
    [
      'does not end when it is told to',
      'trap "" TERM; sleep 600 & wait; sleep 600',
      { ms: 1_000 },
      'did not end within',
    ],
    ['fails', 'echo 1; seq 2 100; exit 7', {}, /ended with code 7 after \d+ s. It printed last:\n81\n(\d+\n){18}100$/],
    ['is no program', 'exec nothing-of-the-kind', {}, 'not found'],
  ])('K32. that %s leaves neither volume nor container', async (_, command, limits, words) => {
    const error: unknown = await fill(command, limits).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'cache_unfillable',
      detail: typeof words === 'string' ? expect.stringContaining(words) : expect.stringMatching(words),
    });
    expect(await left()).toEqual([0, 0]);
  });

  it('K32. that is stopped leaves neither volume nor container', async () => {
    const stopping = new AbortController();
    const filling = fill('sleep 600', { signal: stopping.signal });
    await expect.poll(async () => (await left())[0], { timeout: 20_000 }).toBe(1);
    stopping.abort(new Error('enough'));
    await expect(filling).rejects.toThrow('enough');
    expect(await left()).toEqual([0, 0]);
  });
});
