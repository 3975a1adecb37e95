import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AirlockError } from '@airlock/protocol/errors';

export interface EngineTls {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Where an engine's API listens: a Unix socket or Windows pipe, or TCP. */
export type EngineAddress =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls: EngineTls | undefined };

/** The address as `DOCKER_HOST` would spell it; IPv6 hosts are kept without brackets inside. */
export function renderEngineAddress(address: EngineAddress): string {
  if (address.kind === 'tcp') {
    return `tcp://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
  }
  return address.path.startsWith('//') || address.path.startsWith('\\\\')
    ? `npipe://${address.path}`
    : `unix://${address.path}`;
}

/** `tls` is set when certificates are to be read from `certFolder`. */
export type ParsedDockerHost =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls: boolean };

/** Parses `DOCKER_HOST`. Throws `config_invalid` for what we cannot speak, `ssh://` among it. */
export function parseDockerHost(value: string, tlsVerify = false): ParsedDockerHost {
  const [, scheme = 'tcp', rest = ''] = /^(?:([a-z]+):\/\/)?(.*)$/is.exec(value.trim()) ?? [];
  switch (scheme.toLowerCase()) {
    case 'unix':
      return { kind: 'socket', path: rest || '/var/run/docker.sock' };
    case 'npipe':
      return { kind: 'socket', path: rest || '//./pipe/docker_engine' };
    case 'tcp':
    case 'http':
    case 'https':
      return parseTcp(value, scheme.toLowerCase(), rest, tlsVerify);
    default:
      throw new AirlockError(
        'config_invalid',
        `DOCKER_HOST=${value}: ${scheme}:// is not supported; use unix://, tcp:// or npipe:// (for ssh, forward the socket: ssh -L /tmp/docker.sock:/var/run/docker.sock HOST)`,
      );
  }
}

function parseTcp(value: string, scheme: string, rest: string, tlsVerify: boolean): ParsedDockerHost {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:/]+))(?::(\d+))?\/?$/.exec(rest) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port ?? 1) > 65_535) {
    throw new AirlockError('config_invalid', `DOCKER_HOST=${value}: expected tcp://HOST:PORT`);
  }
  const tls = tlsVerify || scheme === 'https' || port === '2376';
  return { kind: 'tcp', host, port: Number(port ?? (tls ? 2376 : 2375)), tls };
}

/** Completes a parsed `DOCKER_HOST` with the certificates Docker keeps in `certFolder`. */
export async function loadEngineAddress(parsed: ParsedDockerHost, certFolder: string): Promise<EngineAddress> {
  if (parsed.kind === 'socket') return parsed;
  if (!parsed.tls) return { ...parsed, tls: undefined };
  const read = async (name: string): Promise<Buffer> => {
    const path = join(certFolder, name);
    return await readFile(path).catch((cause: unknown) => {
      throw new AirlockError('config_invalid', `DOCKER_HOST asks for TLS, but ${path} cannot be read`, { cause });
    });
  };
  const [ca, cert, key] = await Promise.all([read('ca.pem'), read('cert.pem'), read('key.pem')]);
  return { ...parsed, tls: { ca, cert, key } };
}
