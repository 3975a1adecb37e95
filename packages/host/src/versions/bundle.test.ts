import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundleService } from './bundle.ts';

let dir: string;
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'airlock-bundle-')));
  write('package.json', '{"type":"module"}');
});
afterEach(() => rmSync(dir, { recursive: true }));

function write(path: string, text: string | Uint8Array): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), text);
}

/** Prints what the bundle of a module exports by default, as a process elsewhere loads it. */
async function exported(): Promise<unknown> {
  const { code } = await bundleService(dir);
  const elsewhere = mkdtempSync(join(tmpdir(), 'airlock-bundle-'));
  try {
    writeFileSync(join(elsewhere, 'bundle.mjs'), `${code}\n`);
    const print = `import(${JSON.stringify(join(elsewhere, 'bundle.mjs'))}).then((m) => console.log(JSON.stringify(m.default)))`;
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', print], { encoding: 'utf8' });
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout);
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
}

describe('bundleService()', () => {
  it('takes in what the service imports: modules, packages of either kind, JSON, and what is imported later', async () => {
    write('own.ts', 'export enum Kind { Own = "own" }');
    write('later.ts', 'export const later: string = "later";');
    write('data.json', '{"kind":"json"}');
    write('node_modules/esm/package.json', '{"name":"esm","type":"module","exports":"./index.js"}');
    write('node_modules/esm/index.js', 'export const esm = "esm";');
    write('node_modules/cjs/index.js', 'module.exports = { cjs: require("node:path").basename("/cjs") };');
    write(
      'service.ts',
      `import { Kind } from './own.ts';
       import data from './data.json' with { type: 'json' };
       import { esm } from 'esm';
       import cjs from 'cjs';
       const { later } = await import('./later.ts');
       export default [Kind.Own, data.kind, esm, cjs.cjs, later];`,
    );
    expect(await exported()).toEqual(['own', 'json', 'esm', 'cjs', 'later']);
  });

  it('leaves every module the place it has', async () => {
    write('prompts/ask.ts', 'export const here = import.meta.dirname;');
    write('node_modules/cjs/index.js', 'module.exports = [__dirname, __filename];');
    write(
      'service.ts',
      `import { here } from './prompts/ask.ts';
       import cjs from 'cjs';
       const __dirname = 'mine';
       export default [import.meta.url, import.meta.filename, here, ...cjs, __dirname, 'import.meta.url'];`,
    );
    expect(await exported()).toEqual([
      pathToFileURL(join(dir, 'service.ts')).href,
      join(dir, 'service.ts'),
      join(dir, 'prompts'),
      join(dir, 'node_modules/cjs'),
      join(dir, 'node_modules/cjs/index.js'),
      'mine',
      'import.meta.url',
    ]);
  });

  it('is the same for the same source, wherever that lies, and another for another', async () => {
    write('a/service.ts', 'import { b } from "./b.ts"; export default b;');
    write('a/b.ts', 'export const b = 1;');
    write('c/service.ts', 'import { b } from "./b.ts"; export default b;');
    write('c/b.ts', 'export const b = 1;');
    const hash = async (folder: string) => (await bundleService(join(dir, folder))).hash;
    expect(await hash('a')).toMatch(/^[0-9a-f]{64}$/);
    expect(await hash('c')).toBe(await hash('a'));
    write('c/b.ts', 'export const b = 2;');
    expect(await hash('c')).not.toBe(await hash('a'));
  });

  it('leaves out what Airlock gives, and what the service names as external', async () => {
    write('package.json', '{"type":"module","airlock":{"external":["native"]}}');
    write('node_modules/native/index.js', 'module.exports = 1;');
    write(
      'service.ts',
      `import { defineService } from '@airlock/flow/service';
       import native from 'native';
       import below from 'native/below';
       import nativer from 'node:path';
       export default [defineService, native, below, nativer];`,
    );
    const { code, inputs } = await bundleService(dir);
    expect([...code.matchAll(/from "([^"]+)"/g)].map(([, from]) => from).sort()).toEqual([
      '@airlock/flow/service',
      'native',
      'native/below',
      'node:path',
    ]);
    expect(inputs.sort()).toEqual([join(dir, 'package.json'), join(dir, 'service.ts')]);
  });

  it.each([
    ['a module that is not there', 'export { a } from "./gone.ts"', /gone\.ts/],
    ['a syntax error, and where', 'export default {\n  a: = 1,\n};', /service\.ts:2/],
    ['native code, and what to do', 'import a from "./a.node"; export default a;', /"airlock": \{"external"/],
  ])('says what is wrong: %s', async (_what, source, detail) => {
    write('a.node', new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0, 0xff]));
    write('service.ts', source);
    await expect(bundleService(dir)).rejects.toMatchObject({
      code: 'service_not_loaded',
      detail: expect.stringMatching(detail),
    });
  });

  it.each([['{"airlock":{"external":"native"}}'], ['{"airlock":']])(
    'refuses a package.json it cannot use: %s',
    async (text) => {
      write('package.json', text);
      write('service.ts', 'export default 1;');
      await expect(bundleService(dir)).rejects.toMatchObject({
        code: 'service_not_loaded',
        detail: expect.stringMatching(/^Its package\.json cannot be used/),
      });
    },
  );

  it('refuses one that is too large', async () => {
    write('service.ts', `export default ${JSON.stringify('x'.repeat(17 * 1024 ** 2))};`);
    await expect(bundleService(dir)).rejects.toMatchObject({ detail: 'It is larger than 16 MiB with all it imports' });
  });
});
