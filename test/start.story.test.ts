import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runHost, runHostUnprivileged } from './harness/programs.ts';

/** An empty home, removed after the test. */
function createHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'airlock-home-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  return home;
}

async function listening(where: { port: number; host: string } | { path: string }): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(where, resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return server;
}

interface Check {
  name: string;
  state: string;
  detail: string;
  fix?: string;
}

function checksOf({ stdout }: { stdout: string }): Map<string, Check> {
  const { checks } = JSON.parse(stdout) as { checks: Check[] };
  return new Map(checks.map((check) => [check.name, check]));
}

describe('a start that cannot succeed ends with code 1 and says what to do', () => {
  it('when the port is taken', async () => {
    const { port } = (await listening({ port: 0, host: '127.0.0.1' })).address() as AddressInfo;
    const home = createHome();
    // No cache: programs the host had started by then would write to it after the home is removed.
    writeFileSync(join(home, 'cache'), '');
    const { code, stderr } = await runHost(home, { AIRLOCK_PORT: String(port) }, 'serve', '--yes');
    expect(code).toBe(1);
    expect(stderr).toContain(`The port is taken — Another program serves 127.0.0.1:${port}`);
    expect(stderr).toContain('Set AIRLOCK_PORT to another port');
  });

  it.each([
    ['AIRLOCK_PORT', 'abc'],
    ['AIRLOCK_ADMIN_PASSWORD', 'short'],
    ['ANTHROPIC_API_KEY', 'sk-ant with-a-space'],
  ])('when %s is not valid, without showing its value', async (name, value) => {
    const { code, stdout, stderr } = await runHost(createHome(), { [name]: value }, 'serve', '--yes');
    expect(code).toBe(1);
    expect(stderr).toContain(`A setting is not valid — ${name}: must`);
    expect(stdout + stderr).not.toContain(value);
  });

  it('when DOCKER_HOST names no engine', async () => {
    const dockerHost = 'unix:///nonexistent/docker.sock';
    const { code, stderr } = await runHost(createHome(), { DOCKER_HOST: dockerHost }, 'serve', '--yes');
    expect(code).toBe(1);
    expect(stderr).toContain(`DOCKER_HOST=${dockerHost}: no such socket`);
    expect(stderr).toContain('correct DOCKER_HOST, or unset it');
  });

  it('when nobody answers at the socket of the engine', async () => {
    const home = createHome();
    const path = join(home, 'docker.sock');
    (await listening({ path })).on('connection', (socket) => socket.destroy());
    const { code, stderr } = await runHost(home, { DOCKER_HOST: `unix://${path}` }, 'serve', '--yes');
    expect(code).toBe(1);
    expect(stderr).toContain('The container engine does not answer');
  });

  it('when the engine may not be used', async () => {
    const home = createHome();
    const path = join(home, 'docker.sock');
    await listening({ path });
    chmodSync(path, 0);
    if (process.getuid?.() === 0) chownSync(home, 1000, 1000);
    for (const args of [['serve', '--yes'], ['setup']]) {
      const { code, stderr } = await runHostUnprivileged(home, ...args);
      expect(code).toBe(1);
      expect(stderr).toContain('No right to use the container engine');
      expect(stderr).toContain('sudo usermod -aG docker $USER');
    }
    const checks = checksOf(await runHostUnprivileged(home, 'doctor', '--json'));
    expect(checks.get('engine')).toMatchObject({ state: 'fail', fix: expect.stringContaining('usermod') });
    expect(checks.get('image')).toMatchObject({ state: 'fail', fix: 'Correct the engine first' });
  });

  it('when the image cannot be pulled', async () => {
    const env = { CONTAINER_IMAGE_URI: 'localhost:1/no/such:image' };
    const { code, stderr } = await runHost(createHome(), env, 'serve', '--yes');
    expect(code).toBe(1);
    expect(stderr).toContain('The worker image could not be pulled — localhost:1/no/such:image');
    expect(stderr).toContain('Check CONTAINER_IMAGE_URI');
  });

  it('when the store is damaged, naming it', async () => {
    const home = createHome();
    writeFileSync(join(home, 'airlock.db'), 'this is no database, however long one looks at it. '.repeat(100));
    const { code, stderr } = await runHost(home, {}, 'serve', '--yes');
    expect(code).toBe(1);
    expect(stderr).toContain(`The store cannot be used — file is not a database (${join(home, 'airlock.db')})`);
    const store = checksOf(await runHost(home, {}, 'doctor', '--json')).get('store');
    expect(store).toMatchObject({ state: 'fail', fix: expect.stringContaining('move it away') });
  });

  it('when the home is a file', async () => {
    const home = join(createHome(), 'file');
    writeFileSync(home, '');
    const { code, stderr } = await runHost(home, {}, 'serve', '--yes');
    expect(code).toBe(1);
    expect(stderr).toContain(`The store cannot be used — EEXIST: file already exists, mkdir '${home}'`);
    const store = checksOf(await runHost(home, {}, 'doctor', '--json')).get('store');
    expect(store).toMatchObject({ state: 'fail', fix: 'Set AIRLOCK_HOME to a folder you may write to' });
  });
});

describe('doctor', () => {
  it('checks all a start needs, and makes nothing', async () => {
    const home = join(createHome(), 'not/there/yet');
    const ended = await runHost(home, {}, 'doctor', '--json');
    expect(ended.code).toBe(0);
    const checks = checksOf(ended);
    expect([...checks.keys()]).toEqual([
      'node',
      'engine',
      'memory',
      'disk',
      'image',
      'key',
      'model',
      'git',
      'port',
      'store',
    ]);
    for (const check of checks.values()) {
      expect(check.detail).not.toBe('');
      expect(check.state === 'ok' || (check.fix ?? '') !== '').toBe(true);
    }
    expect(checks.get('store')?.detail).toBe(`${join(home, 'airlock.db')} will be made at the first start`);
  });

  it('says that the port is taken, and that the model API cannot be reached', async () => {
    const { port } = (await listening({ port: 0, host: '127.0.0.1' })).address() as AddressInfo;
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port: nobody } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const key = 'sk-ant-some-key';
    const env = {
      AIRLOCK_PORT: String(port),
      ANTHROPIC_API_KEY: key,
      ANTHROPIC_BASE_URL: `http://127.0.0.1:${nobody}`,
    };
    const ended = await runHost(createHome(), env, 'doctor', '--json');
    const checks = checksOf(ended);
    expect(checks.get('port')).toMatchObject({ state: 'fail', fix: expect.stringContaining('AIRLOCK_PORT') });
    expect(checks.get('model')).toMatchObject({ state: 'fail', detail: expect.stringContaining('ECONNREFUSED') });
    expect(checks.get('key')).toMatchObject({ state: 'warn' });
    expect(ended.stdout + ended.stderr).not.toContain(key);
  });
});
