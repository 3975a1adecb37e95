import { describe, expect, it } from 'vitest';
import { cacheEnv, cacheSchema, cachesSchema, isCacheVariable } from './caches.ts';
import { sessionOptionsSchema } from './service-channel.ts';

const wheels = { name: 'wheels', fill: ['pip', 'download', 'requests'] };
const accepts = (more: object) => cacheSchema.safeParse({ ...wheels, ...more }).success;

describe('a cache of a service', () => {
  it('has a name that is one folder', () => {
    expect(['a', 'npm-10', 'x'.repeat(32)].map((name) => accepts({ name }))).toEqual([true, true, true]);
    for (const name of ['', '.', '..', 'a/b', 'A', '-a', '1a', 'a\n', 'a b', 'x'.repeat(33), 'ä']) {
      expect(accepts({ name }), name).toBe(false);
    }
  });

  it('is filled by a program with arguments, which no shell reads', () => {
    expect(accepts({ fill: ['sh', '-c', 'a && b', ''] })).toBe(true);
    for (const fill of [[], [''], 'pip download', ['a\0b'], ['x', 'y'.repeat(4_001)], new Array(101).fill('x')]) {
      expect(accepts({ fill }), JSON.stringify(fill).slice(0, 40)).toBe(false);
    }
  });

  it('sets variables of package managers and its own, and none that others heed', () => {
    const good = [
      'PIP_NO_INDEX',
      'PIP_FIND_LINKS',
      'npm_config_cache',
      'NPM_CONFIG_OFFLINE',
      'UV_OFFLINE',
      'CARGO_HOME',
    ];
    for (const name of [...good, 'PYTHONPATH', 'NODE_PATH', 'GOPROXY', 'CACHE_DIR']) {
      expect(isCacheVariable(name), name).toBe(true);
    }
    const bad = [
      ...['PATH', 'HOME', 'SHELL', 'TMPDIR', 'LANG', 'BASH_ENV', 'ENV', 'IFS', 'LD_PRELOAD', 'LD_LIBRARY_PATH'],
      ...['NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'BUN_OPTIONS', 'SSL_CERT_FILE', 'GIT_SSH_COMMAND', 'MALLOC_CHECK_'],
      ...['ANTHROPIC_BASE_URL', 'CLAUDE_CONFIG_DIR', 'HTTP_PROXY', 'https_proxy', 'npm_config_proxy', 'PIP_PROXY'],
      ...['DISABLE_TELEMETRY', 'MCP_TIMEOUT', 'MAX_THINKING_TOKENS', 'PYTHONSTARTUP', 'PYTHONHOME', 'AIRLOCK_SESSION'],
      ...['', 'CACHE_', 'PIP_', 'PIP_A=B', 'PIP_A B', 'npm_config_//x/:_authToken', `PIP_${'X'.repeat(64)}`, 'pip_x'],
    ];
    for (const name of bad) expect(isCacheVariable(name), name).toBe(false);
    expect(accepts({ env: { PIP_NO_INDEX: '1' } })).toBe(true);
    expect(accepts({ env: { PATH: '/caches/wheels' } })).toBe(false);
    expect(accepts({ env: { PIP_NO_INDEX: '1\nPATH=/tmp' } })).toBe(false);
  });

  it('shares neither its name nor its variables with another', () => {
    const refused = (...caches: object[]) => cachesSchema.safeParse(caches).error?.issues.map(({ message }) => message);
    const tools = { ...wheels, name: 'tools' };
    expect(refused(wheels, tools)).toBeUndefined();
    expect(refused(wheels, wheels)).toEqual(['Two caches have the name wheels']);
    const env = { CACHE_X: '1' };
    expect(refused({ ...wheels, env }, { ...tools, env })).toEqual(['Two caches set CACHE_X']);
    expect(refused(...Array.from({ length: 9 }, (_, n) => ({ ...wheels, name: `c${n}` })))).toHaveLength(1);
  });

  it('is an option of a session, whose tools get the variables of all of them', () => {
    const caches = [
      { ...wheels, env: { PIP_NO_INDEX: '1' } },
      { ...wheels, name: 'npm', env: { CACHE_X: '2' } },
    ];
    expect(sessionOptionsSchema.parse({ caches }).caches).toEqual(caches);
    expect(cacheEnv(cachesSchema.parse(caches))).toEqual({ PIP_NO_INDEX: '1', CACHE_X: '2' });
  });
});
