import Docker from 'dockerode';
import type { EngineAddress } from './engine-address.ts';

export type EngineClient = Docker;

/**
 * A client for the address given and no other: whatever `DOCKER_HOST` says is overridden. Every request has a
 * connection of its own, so that an engine's restart breaks only the requests that were under way.
 */
export function createEngineClient(address: EngineAddress): EngineClient {
  const unset = {
    socketPath: undefined,
    host: undefined,
    port: undefined,
    ca: undefined,
    cert: undefined,
    key: undefined,
  };
  if (address.kind === 'socket') return new Docker({ ...unset, protocol: 'http', socketPath: address.path });
  const where = { ...unset, host: address.host.includes(':') ? `[${address.host}]` : address.host, port: address.port };
  return address.tls === undefined
    ? new Docker({ ...where, protocol: 'http' })
    : new Docker({ ...where, protocol: 'https', ...address.tls });
}
