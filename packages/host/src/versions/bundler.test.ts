import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Bundler, createBundler } from './bundler.ts';
import { createModules, type Modules } from './modules.ts';

let dir: string;
let folder: string;
let modules: Modules;
let bundler: Bundler;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'airlock-bundler-'));
  folder = join(dir, 'service');
  mkdirSync(folder);
  write('service.ts', 'export { value as default } from "./value.ts";');
  write('value.ts', 'export const value = 1;');
  modules = createModules(join(dir, 'modules'));
  bundler = createBundler(modules, { PATH: process.env.PATH ?? '' });
});
afterEach(() => rmSync(dir, { recursive: true }));

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

/** Resolves when files changed before now count as changed some time ago. */
async function settled(): Promise<void> {
  const from = Date.now();
  while (Date.now() - from < 25) await new Promise((resolve) => setImmediate(resolve));
}

/** Changes a file, but nothing in it, again and again until `work` is done. */
async function whileTouching<T>(name: string, work: () => Promise<T>): Promise<T> {
  let isOver = false;
  const done = work().finally(() => {
    isOver = true;
  });
  while (!isOver) {
    utimesSync(join(folder, name), new Date(), new Date());
    await new Promise((resolve) => setImmediate(resolve));
  }
  return await done;
}

async function hashOf(options = {}): Promise<string> {
  const [bundled] = await bundler.bundle([folder], options);
  return bundled?.kind === 'bundle' ? bundled.hash : (bundled?.error.detail ?? '');
}

/** Whether a bundle is taken from the last time: one is given whose processes cannot be started. */
async function isKnown(): Promise<boolean> {
  const crippled = createBundler(modules, { NODE_OPTIONS: '--require=/not/there.cjs' });
  const [bundled] = await crippled.bundle([folder]);
  return bundled?.kind === 'bundle';
}

describe('bundler.bundle()', () => {
  it('bundles each folder, and says what is wrong with one without touching the others', async () => {
    const broken = join(dir, 'broken');
    mkdirSync(broken);
    const [first, second, third] = await bundler.bundle([broken, folder, join(dir, 'gone')]);
    expect(first).toMatchObject({ kind: 'unusable', folder: broken, error: { code: 'service_not_loaded' } });
    expect(second).toMatchObject({ kind: 'bundle', folder, code: expect.stringContaining('1') });
    expect(third).toMatchObject({ kind: 'unusable', folder: join(dir, 'gone') });
    expect(await bundler.bundle([])).toEqual([]);
  });

  it('bundles again only when a file has changed, or when it is told to', async () => {
    await settled();
    const first = await hashOf();
    expect(await isKnown()).toBe(true);
    write('value.ts', 'export const value = 2;');
    expect(await isKnown()).toBe(false);
    await settled();
    const second = await hashOf();
    expect(second).not.toBe(first);
    expect(await isKnown()).toBe(true);
    expect(await hashOf({ fresh: true })).toBe(second);
    rmSync(join(folder, 'value.ts'));
    expect(await isKnown()).toBe(false);
  });

  it('does not trust files that have just changed, nor modules that were', async () => {
    write('value.ts', 'export const value = 3;');
    const hash = await whileTouching('value.ts', hashOf);
    expect(await isKnown()).toBe(false);
    await settled();
    await hashOf();
    expect(await isKnown()).toBe(true);
    writeFileSync(join(modules.dir, `${hash}.mjs`), 'export default "another";');
    expect(await isKnown()).toBe(false);
  });

  it('says so when its process does not start, ends, or is stopped', async () => {
    const crippled = createBundler(modules, { NODE_OPTIONS: '--require=/not/there.cjs' });
    const [bundled] = await crippled.bundle([folder]);
    expect(bundled).toMatchObject({ kind: 'unusable', error: { code: 'service_not_loaded' } });
    expect(bundled?.kind === 'unusable' && bundled.error.detail).toMatch(/ended with exit code 1.*not\/there\.cjs/s);
    const stopped = hashOf({ fresh: true });
    bundler.stop();
    expect(await stopped).toMatch(/ended with SIGKILL/);
  });
});

describe('modules', () => {
  it('are written whole and private, once, and again when they are not what they were', () => {
    const hash = '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae';
    const path = modules.place(hash, 'foo');
    expect([path, readFileSync(path, 'utf8')]).toEqual([join(modules.dir, `${hash}.mjs`), 'foo']);
    writeFileSync(path, 'bar');
    expect(modules.read(hash)).toBeUndefined();
    expect(readFileSync(modules.place(hash, 'foo'), 'utf8')).toBe('foo');
    modules.sweep(new Set([hash]));
    expect(modules.read(hash)).toBe('foo');
    modules.sweep(new Set());
    expect(modules.read(hash)).toBeUndefined();
  });
});
