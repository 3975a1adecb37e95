import { describe, expect, it } from 'vitest';
import type { EngineAddress } from './engine-address.ts';
import { engineSearchError, type FindEngineOptions, findEngine } from './find-engine.ts';
import { classifyProbe, type ProbeResult } from './probe-engine.ts';

const info = { name: 'docker', version: '1', arch: 'x64', memoryBytes: 1, cpus: 1, address: '' } as const;
const ok: ProbeResult = { kind: 'ok', info };

/** Engines by socket path (or host); everything else is absent. */
function surroundings(sockets: Record<string, ProbeResult>, more: Partial<FindEngineOptions> = {}) {
  const asked: string[] = [];
  const probe = async (address: EngineAddress): Promise<ProbeResult> => {
    const key = address.kind === 'socket' ? address.path : `${address.host}:${address.port}`;
    asked.push(key);
    return sockets[key] ?? { kind: 'absent' };
  };
  const options: FindEngineOptions = {
    env: {},
    platform: 'linux',
    userHome: '/home/ann',
    uid: 1000,
    probe,
    listFolder: async () => [],
    ...more,
  };
  return { asked, options };
}

describe('findEngine', () => {
  it('takes the first socket that answers, in the usual order', async () => {
    const { asked, options } = surroundings(
      { '/home/ann/.colima/work/docker.sock': ok },
      { listFolder: async () => ['work', '_lima', 'default'] },
    );
    const search = await findEngine(options);
    expect(search).toMatchObject({ kind: 'found', address: { path: '/home/ann/.colima/work/docker.sock' } });
    expect(asked).toEqual([
      '/var/run/docker.sock',
      '/home/ann/.docker/run/docker.sock',
      '/home/ann/.docker/desktop/docker.sock',
      '/home/ann/.orbstack/run/docker.sock',
      '/home/ann/.colima/default/docker.sock',
      '/home/ann/.colima/work/docker.sock',
    ]);
  });

  it('finds a rootless Podman where the session says its sockets are', async () => {
    const path = '/run/user/7/podman/podman.sock';
    const { options } = surroundings({ [path]: ok }, { env: { XDG_RUNTIME_DIR: '/run/user/7' } });
    expect(await findEngine(options)).toMatchObject({ kind: 'found', address: { kind: 'socket', path } });
  });

  it('looks for the Podman machine on macOS', async () => {
    const path = '/var/folders/x/podman/podman-machine-default-api.sock';
    const { options } = surroundings({ [path]: ok }, { platform: 'darwin', env: { TMPDIR: '/var/folders/x' } });
    expect(await findEngine(options)).toMatchObject({ kind: 'found', address: { path } });
  });

  it('asks nobody but DOCKER_HOST when it is set', async () => {
    const { asked, options } = surroundings(
      { '/var/run/docker.sock': ok },
      { env: { DOCKER_HOST: 'tcp://10.0.0.5:2375' } },
    );
    const search = await findEngine(options);
    expect(asked).toEqual(['10.0.0.5:2375']);
    expect(search).toMatchObject({ kind: 'silent', at: 'DOCKER_HOST=tcp://10.0.0.5:2375', detail: 'no such socket' });
  });

  it('passes over an engine it may not use for one it may', async () => {
    const { options } = surroundings({
      '/var/run/docker.sock': { kind: 'forbidden', detail: 'EACCES' },
      '/run/user/1000/podman/podman.sock': ok,
    });
    expect(await findEngine(options)).toMatchObject({ kind: 'found' });
  });

  it('says how to get the right to use the only engine there is', async () => {
    const { options } = surroundings({ '/var/run/docker.sock': { kind: 'forbidden', detail: 'EACCES' } });
    const search = await findEngine(options);
    if (search.kind === 'found') throw new Error('found');
    const error = engineSearchError(search);
    expect(error.code).toBe('engine_forbidden');
    expect(error.detail).toContain('usermod -aG docker');
  });

  it('tells an engine that does not answer from none at all', async () => {
    const silent = await findEngine(
      surroundings({ '/home/ann/.orbstack/run/docker.sock': { kind: 'silent', detail: 'refused' } }).options,
    );
    expect(silent).toMatchObject({ kind: 'silent', fix: 'orb start' });
    const missing = await findEngine(surroundings({}).options);
    if (missing.kind !== 'missing') throw new Error(missing.kind);
    expect(engineSearchError(missing)).toMatchObject({ code: 'engine_not_found' });
    expect(missing.looked).toContain('/var/run/docker.sock');
  });
});

describe('classifyProbe', () => {
  it.each([
    ['ENOENT', 'absent'],
    ['EACCES', 'forbidden'],
    ['ECONNREFUSED', 'silent'],
    ['ECONNRESET', 'silent'],
  ])('takes %s as %s', (code, kind) => {
    expect(classifyProbe(Object.assign(new Error(code), { code })).kind).toBe(kind);
  });

  it('takes an engine that is slow to answer as silent', () => {
    expect(classifyProbe(new DOMException('late', 'TimeoutError'))).toEqual({
      kind: 'silent',
      detail: 'no answer within 5 s',
    });
  });
});
