import { describe, expect, it } from 'vitest';
import { containerConfig } from '../placement/container-config.ts';
import { fillerConfig } from './filler-config.ts';

const spec = { id: '0123456789abcdef', name: 'wheels', fill: ['pip', 'x; rm'], volume: 'v', image: 'sha256:1' };
const limits = { ms: 60_000, bytes: 1024 };
const configOf = (env: Record<string, string> = {}) => fillerConfig(spec, { home: 'home1', env, limits });

describe('the container that fills a cache', () => {
  it('may do no more than one of a session, but for its network and its volume', () => {
    const { HostConfig = {}, User } = configOf();
    const session = {
      session: '0197f5a0-0000-7000-8000-000000000001',
      tokenHash: 'a'.repeat(64),
      orphanMs: 1,
    } as never;
    const common = { image: 'sha256:1', session, memoryBytes: 2 * 1024 ** 3, workspaceBytes: 1024, cpus: 1 };
    const { HostConfig: ofSession = {} } = containerConfig(common, 'home1');
    const { Mounts, Tmpfs, ...rest } = HostConfig;
    const { NetworkMode, Mounts: _, Tmpfs: __, ...sealed } = ofSession;
    expect(rest).toEqual(sealed);
    expect(NetworkMode).toBe('none');
    expect(Mounts).toEqual([{ Type: 'volume', Source: 'v', Target: '/caches/wheels', ReadOnly: false }]);
    expect(Object.keys(Tmpfs ?? {})).toEqual(['/tmp']);
    expect(User).toBe('1000:1000');
  });

  it('gets the command as it is, a time, and no session', () => {
    const { Cmd, Entrypoint, Labels, Env } = configOf({ ANTHROPIC_API_KEY: 'sk', AIRLOCK_SECRET_X: 'x', PATH: '/x' });
    expect(Cmd).toEqual(['pip', 'x; rm']);
    expect(Entrypoint?.slice(-2)).toEqual(['fill', '60']);
    expect(Labels).toEqual({ 'airlock.home': 'home1', 'airlock.kind': 'cache', 'airlock.cache': spec.id });
    const folder = '/caches/wheels/.airlock-fill';
    expect(Env).toEqual([`HOME=${folder}/home`, `TMPDIR=${folder}/tmp`, `XDG_CACHE_HOME=${folder}/tmp/cache`]);
  });

  it.each(['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS'])('trusts whom the host trusts (%s), and uses its proxy', (name) => {
    const { Env } = configOf({ [name]: '/etc/company.pem', HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: '' });
    const path = '/caches/wheels/.airlock-fill/ca.pem';
    const told = ['PIP_CERT', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'npm_config_cafile'].map(
      (each) => `${each}=${path}`,
    );
    expect(Env).toEqual(expect.arrayContaining([...told, 'HTTPS_PROXY=http://proxy:3128']));
    expect(Env?.join()).not.toContain('NO_PROXY');
  });
});
