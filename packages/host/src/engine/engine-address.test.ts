import { describe, expect, it, vi } from 'vitest';
import { parseDockerHost, renderEngineAddress } from './engine-address.ts';
import { createEngineClient } from './engine-client.ts';

describe('parseDockerHost', () => {
  it.each([
    ['unix:///run/x.sock', { kind: 'socket', path: '/run/x.sock' }],
    ['unix://', { kind: 'socket', path: '/var/run/docker.sock' }],
    ['npipe:////./pipe/docker_engine', { kind: 'socket', path: '//./pipe/docker_engine' }],
    ['tcp://localhost', { kind: 'tcp', host: 'localhost', port: 2375, tls: false }],
    ['localhost:1234', { kind: 'tcp', host: 'localhost', port: 1234, tls: false }],
    ['tcp://[::1]:2376', { kind: 'tcp', host: '::1', port: 2376, tls: true }],
  ])('reads %s', (value, parsed) => {
    expect(parseDockerHost(value)).toEqual(parsed);
  });

  it.each(['ssh://me@host', 'tcp://', 'tcp://a:b:c', 'tcp://h:99999'])('refuses %s by name', (value) => {
    expect(() => parseDockerHost(value)).toThrow(value);
  });

  it('asks for certificates when DOCKER_TLS_VERIFY is set', () => {
    expect(parseDockerHost('tcp://h:1', true)).toMatchObject({ tls: true });
  });
});

describe('renderEngineAddress', () => {
  it.each(['unix:///run/x.sock', 'npipe:////./pipe/docker_engine'])('gives %s back', (value) => {
    const parsed = parseDockerHost(value);
    if (parsed.kind === 'tcp') throw new Error('tcp');
    expect(renderEngineAddress(parsed)).toBe(value);
  });
});

describe('createEngineClient', () => {
  it('speaks to the address given, whatever DOCKER_HOST says', () => {
    vi.stubEnv('DOCKER_HOST', 'tcp://elsewhere:2375');
    const { modem } = createEngineClient({ kind: 'socket', path: '/run/x.sock' });
    vi.unstubAllEnvs();
    expect(modem).toMatchObject({
      host: undefined,
      socketPath: '/run/x.sock',
      protocol: 'http',
    });
  });
});
