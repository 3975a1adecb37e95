import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeBundle } from './bundle.ts';
import { gitText, runGit } from './git.ts';

const token = 'token-0123456789';
const access = { url: 'https://forge.example/project.git', token };
const basic = Buffer.from(`x-access-token:${token}`).toString('base64');

let folder: string;
let bare: string;
let env: Record<string, string | undefined>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'airlock-git-'));
  bare = join(folder, 'bare');
  mkdirSync(bare);
  env = { PATH: process.env.PATH, HOME: folder };
  await gitText(['init', '--quiet', '--template=', '.'], { env, folder: bare });
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A program named git that does as told. */
function pretend(script: string): void {
  const path = join(folder, 'bin');
  mkdirSync(path);
  writeFileSync(join(path, 'git'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(path, 'git'), 0o755);
  env = { ...env, PATH: `${path}:${process.env.PATH}` };
}

describe('git on the host', () => {
  it.each([
    ['a program', 'ext::touch ran'],
    ['a folder', '/tmp'],
    ['a file', 'file:///tmp'],
    ['another machine', 'ssh://forge.example/x'],
    ['http where https was named', 'http://forge.example/x'],
  ])('F21. speaks no transport but that of its address: not to %s', async (_, url) => {
    const { code, stderr } = await runGit(['ls-remote', '--', url], { env, folder: bare, access });
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/not allowed/);
    expect(existsSync(join(bare, 'ran'))).toBe(false);
  });

  it('F21. believes no configuration of the person who started it, and asks nobody', async () => {
    writeFileSync(join(folder, '.gitconfig'), '[alias]\n\tmine = !touch ran\n[user]\n\tname = mine\n');
    const options = { env: { ...env, GIT_CONFIG_PARAMETERS: "'user.name=mine'", GIT_DIR: '/tmp' }, folder: bare };
    expect((await runGit(['mine'], options)).code).not.toBe(0);
    const { stdout } = await runGit(['config', '--list'], options);
    expect(stdout).not.toContain('mine');
    expect(stdout).toContain('core.hookspath=/dev/null');
  });

  it('F22. has the token in its environment, for one origin, and in nothing it says', async () => {
    pretend('echo "$@"; env | grep ^GIT_CONFIG >&2; exit 1');
    const { stdout, stderr } = await runGit(['fetch', '--', access.url], { env, folder: bare, access });
    expect(stdout).toBe(`--bare fetch -- ${access.url}\n`);
    expect(stderr).toContain('http.https://forge.example/.extraHeader');
    expect(stderr).toContain('Authorization: [secret]');
    expect(stderr).not.toContain(basic);
    const failing = gitText(['fetch', '--', access.url], { env, folder: bare, access });
    await expect(failing).rejects.toMatchObject({ code: 'repository_unusable' });
  });

  it('says plainly that it is not there', async () => {
    await expect(gitText(['version'], { env: { PATH: '/nonexistent' }, folder: bare })).rejects.toThrow(
      'There is no git on the machine',
    );
  });

  it('ends with what it started when it is told to', async () => {
    pretend('sleep 100 & wait');
    const stop = new AbortController();
    const running = runGit(['version'], { env, folder: bare, signal: stop.signal });
    stop.abort(new RangeError('enough'));
    await expect(running).rejects.toThrow('enough');
  });
});

describe('what git reads', () => {
  it('is left when git ends before, which says why', async () => {
    const endless = new Readable({ read() {} });
    const end = await runGit(['rev-parse', '--verify', 'nothing'], { env, folder: bare, input: endless });
    expect(end).toMatchObject({ code: 128, stderr: expect.stringContaining('fatal: Needed a single revision') });
    expect(endless.destroyed).toBe(true);
  });

  it('ends git when it breaks off', async () => {
    const input = new Readable({ read() {} });
    const ended = runGit(['index-pack', '--stdin'], { env, folder: bare, input });
    input.push('PACK');
    input.destroy();
    await expect(ended).rejects.toThrow('Premature close');
  });
});

describe('a bundle', () => {
  /** A repository with two commits; the bare one has the first. */
  function work(): { base: string; bundle: Buffer } {
    const cwd = join(folder, 'work');
    mkdirSync(cwd);
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a', ...args], { cwd, env: { ...env, HOME: '/' } });
    git('init', '-q');
    git('commit', '-q', '--allow-empty', '-m', 'one');
    const base = git('rev-parse', 'HEAD').toString().trim();
    git('push', '-q', bare, 'HEAD:refs/heads/main');
    writeFileSync(join(cwd, 'a'), 'b');
    git('add', '-A');
    git('commit', '-q', '-m', 'two');
    return { base, bundle: git('bundle', 'create', '-q', '-', 'HEAD', `^${base}`) };
  }
  const take = (bytes: Buffer, most = 1e6, size = bytes.length) => {
    const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
      bytes.subarray(n * size, (n + 1) * size),
    );
    return takeBundle(Readable.from(parts), most, { env, folder: bare });
  };

  it('F23. gives its objects, in whatever pieces it comes', async () => {
    const { bundle } = work();
    const tip = await take(bundle, 1e6, 7);
    expect(await gitText(['log', '--format=%s', String(tip)], { env, folder: bare })).toBe('two\none\n');
    expect(await take(Buffer.alloc(0))).toBeUndefined();
  });

  it('F23. is refused when it is none, is cut off, or has too much', async () => {
    const { bundle } = work();
    for (const bytes of [Buffer.from('hello'), Buffer.from('# v3 git bundle\n\n'), Buffer.from('\n\n')]) {
      await expect(take(bytes)).rejects.toThrow('is no bundle of git');
    }
    await expect(take(bundle.subarray(0, bundle.length - 30))).rejects.toThrow('Its objects are refused');
    await expect(take(bundle, 10)).rejects.toThrow('It has more than 10 B');
    expect((await runGit(['rev-parse', '--verify', 'refs/airlock/head'], { env, folder: bare })).code).not.toBe(0);
  });
});
