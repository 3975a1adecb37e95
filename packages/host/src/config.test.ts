import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readConfig } from './config.ts';

/** A folder with this text as its `.env`. */
function rootWith(dotenv?: string): string {
  const root = mkdtempSync(join(tmpdir(), 'airlock-config-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  if (dotenv !== undefined) writeFileSync(join(root, '.env'), dotenv);
  return root;
}

function problemOf(root: string, env: Record<string, string> = {}): string {
  try {
    readConfig(root, env);
  } catch (error) {
    expect(error).toMatchObject({ code: 'config_invalid' });
    return error instanceof Error && 'detail' in error ? String(error.detail) : '';
  }
  return 'none';
}

describe('readConfig', () => {
  test('has a default for everything', () => {
    const root = rootWith();
    expect(readConfig(root, { HOME: '/home/me' })).toMatchObject({
      home: join(root, '.airlock'),
      host: '127.0.0.1',
      port: 3370,
      model: { kind: 'simulated' },
      servicesDir: join(root, 'services'),
      userHome: '/home/me',
    });
  });

  test('takes limits of the machine as people write them, and says how when it cannot', () => {
    const limits = { AIRLOCK_MAX_CPUS: '1.5', AIRLOCK_MAX_MEMORY: '12.5GiB' };
    expect(readConfig(rootWith(), limits)).toMatchObject({ maxCpus: 1.5, maxMemoryBytes: 12.5 * 1024 ** 3 });
    expect(readConfig(rootWith(), { AIRLOCK_MAX_MEMORY: '800MiB' }).maxMemoryBytes).toBe(800 * 1024 ** 2);
    expect(problemOf(rootWith(), { AIRLOCK_MAX_CPUS: 'all', AIRLOCK_MAX_MEMORY: '12' })).toBe(
      'AIRLOCK_MAX_CPUS: must be a number of CPUs, 0.1 at least; AIRLOCK_MAX_MEMORY: must be a size like 800MiB or 12.5GiB',
    );
  });

  test('prefers the environment to .env, and takes an empty value for none', () => {
    const root = rootWith('AIRLOCK_PORT=4000\nAIRLOCK_HOST=0.0.0.0\nANTHROPIC_API_KEY=from-file\n');
    const config = readConfig(root, { AIRLOCK_PORT: '5000', AIRLOCK_HOST: '' });
    expect(config).toMatchObject({ port: 5000, host: '0.0.0.0', model: { kind: 'api', key: 'from-file' } });
  });

  test('gives DOCKER_HOST of .env to the search for an engine', () => {
    expect(readConfig(rootWith('DOCKER_HOST=tcp://other:2375\n'), {}).env.DOCKER_HOST).toBe('tcp://other:2375');
  });

  test('has secrets of .env and the environment, which programs it starts do not get', () => {
    const root = rootWith('AIRLOCK_SECRET_A=from-the-file\nAIRLOCK_SECRET_HOSTS_A=a.example\n');
    const { secrets, env } = readConfig(root, {
      PATH: '/bin',
      AIRLOCK_SECRET_B: 'from-the-environment',
      AIRLOCK_SECRET_HOSTS_B: 'b.example',
    });
    expect(secrets.get('A')).toEqual({ value: 'from-the-file', hosts: ['a.example'] });
    expect(secrets.get('B')).toEqual({ value: 'from-the-environment', hosts: ['b.example'] });
    expect(env).toEqual({ PATH: '/bin' });
  });

  test('names file, line and problem of a .env that cannot be parsed', () => {
    const root = rootWith('AIRLOCK_PORT=4000\n\nANTHROPIC_API_KEY="sk-secret\n');
    expect(problemOf(root)).toBe(`${join(root, '.env')}, line 3: ANTHROPIC_API_KEY: the quote " is not closed`);
  });

  test('names a .env that cannot be read', () => {
    const root = rootWith();
    mkdirSync(join(root, '.env'));
    expect(problemOf(root)).toContain(`${join(root, '.env')} cannot be read: EISDIR`);
  });

  test.each([
    ['AIRLOCK_PORT', 'abc', 'must be a whole number from 0 to 65535'],
    ['AIRLOCK_PORT', '65536', 'must be a whole number from 0 to 65535'],
    ['AIRLOCK_PORT', '80.5', 'must be a whole number from 0 to 65535'],
    ['AIRLOCK_ADMIN_PASSWORD', 'short', 'must have at least 8 characters'],
    ['ANTHROPIC_API_KEY', 'two words', 'must be printable characters without spaces'],
    ['ANTHROPIC_BASE_URL', 'ftp://model', 'must be a URL that begins with http:// or https://'],
    ['CONTAINER_IMAGE_URI', 'an image', 'must be an image reference'],
    ['AIRLOCK_LOG_LEVEL', 'loud', 'must be debug, info, warn or error'],
  ])('refuses %s=%s, naming the setting and never its value', (name, value, words) => {
    expect(problemOf(rootWith(), { [name]: value })).toBe(`${name}: ${words}`);
  });

  test('names every setting that is not valid', () => {
    const problem = problemOf(rootWith(), { AIRLOCK_PORT: 'abc', ANTHROPIC_API_KEY: 'two words' });
    expect(problem).toMatch(/^AIRLOCK_PORT: .*; ANTHROPIC_API_KEY: /);
  });
});
