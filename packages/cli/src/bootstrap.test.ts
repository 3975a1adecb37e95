import { spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const original = join(import.meta.dirname, '..', 'bootstrap.mjs');
const lock = JSON.stringify({ packages: { '': {}, 'node_modules/a': { version: '1', resolved: 'r' } } });

/** Stands for npm: "installs" a pinned Node, which notes that it was used and runs the real one. */
const npm = `#!/bin/sh
echo "$@" >> npm-calls
if [ -e unfit ] && [ "$1" = ci ]; then echo "npm error code EUSAGE" >&2; exit 1; fi
if [ -e broken ]; then echo "npm error network is down" >&2; exit 3; fi
mkdir -p node_modules/.bin
printf '#!/bin/sh\\necho pinned >> "${'$'}PINNED"\\nexec "${process.execPath}" "$@"\\n' > node_modules/.bin/node
chmod +x node_modules/.bin/node
`;
const main = `const [how] = process.argv.slice(2);
if (how === 'wait') { process.on('SIGTERM', () => process.exit(9)); console.log('waiting'); setInterval(() => {}, 1000); }
else { console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = Number(how); }`;

function createClone() {
  const root = mkdtempSync(join(tmpdir(), 'airlock-bootstrap-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write('package-lock.json', lock);
  write('packages/cli/src/main.ts', main);
  write('test/run.ts', main);
  write('bin/npm', npm);
  chmodSync(join(root, 'bin/npm'), 0o755);
  copyFileSync(original, join(root, 'packages/cli/bootstrap.mjs'));
  const read = (path: string) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '');
  const launch = (...args: string[]) => {
    const env = { PATH: `${join(root, 'bin')}:/usr/bin:/bin`, PINNED: join(root, 'pinned') };
    return spawn(process.execPath, [join(root, 'packages/cli/bootstrap.mjs'), ...args], { cwd: tmpdir(), env });
  };
  const run = async (...args: string[]) => {
    const child = launch(...args);
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => {
      output.stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output.stderr += chunk;
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    return { code, ...output };
  };
  return { root, write, read, launch, run };
}

test('installs once, then hands arguments and exit code over to the pinned Node', async () => {
  const clone = createClone();
  const first = await clone.run('4', '--flag');
  expect(first).toMatchObject({ code: 4, stdout: '["4","--flag"]\n' });
  expect(first.stderr).toContain('✓ Installed dependencies');
  expect(await clone.run('0')).toEqual({ code: 0, stdout: '["0"]\n', stderr: '' });
  expect(clone.read('npm-calls').split('\n')).toHaveLength(2);
  expect(clone.read('npm-calls')).toMatch(/^ci /);
  expect(clone.read('pinned')).toBe('pinned\npinned\n');
});

test('installs again when the lock changed', async () => {
  const clone = createClone();
  await clone.run('install');
  clone.write('package-lock.json', lock.replace('"1"', '"2"'));
  await clone.run('install');
  expect(clone.read('npm-calls').match(/^ci /gm)).toHaveLength(2);
});

test('takes over what npm install put there itself', async () => {
  const clone = createClone();
  clone.write('node_modules/.package-lock.json', lock);
  expect((await clone.run('install')).code).toBe(0);
  expect(clone.read('npm-calls')).toBe('');
});

test('shows the end of what npm said, and what to do', async () => {
  const clone = createClone();
  clone.write('broken', '');
  const { code, stderr } = await clone.run('start');
  expect(code).toBe(1);
  expect(stderr).toContain(
    'npm error network is down\n✗ The dependencies could not be installed — npm ended with code 3',
  );
  expect(stderr).toContain('→ Check the network');
});

test('a lock that does not fit is used as far as it goes', async () => {
  const clone = createClone();
  clone.write('unfit', '');
  const { code, stderr } = await clone.run('install');
  expect(code).toBe(0);
  expect(stderr).toContain('update it with: npm install');
  expect(clone.read('npm-calls')).toMatch(/^ci .*\ninstall --no-save /);
});

test('passes a signal on and ends as the program does', async () => {
  const clone = createClone();
  await clone.run('install');
  const child = clone.launch('wait');
  await new Promise((resolve) => child.stdout.once('data', resolve));
  child.kill('SIGINT');
  expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(9);
});

test('test runs the test program', async () => {
  const clone = createClone();
  expect(await clone.run('test', '0')).toMatchObject({ code: 0, stdout: '["0"]\n' });
});
