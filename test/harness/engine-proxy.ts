import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { relay } from './relay.ts';

/** An engine that can be stopped without harm to others: a socket before the real one. */
export interface EngineProxy {
  readonly dockerHost: string;
  /** As if the engine had ended: every connection breaks, and nobody listens. */
  stop(): Promise<void>;
  /** Does nothing while it runs. */
  start(): Promise<void>;
  remove(): Promise<void>;
}

export async function createEngineProxy(engine = '/var/run/docker.sock'): Promise<EngineProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-engine-'));
  const path = join(folder, 'docker.sock');
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const upstream = connect({ path: engine, allowHalfOpen: true });
    relay(socket, upstream, sockets);
  });
  const start = async () => {
    if (!server.listening) await new Promise<void>((resolve) => server.listen(path, resolve));
  };
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  await start();
  return {
    dockerHost: `unix://${path}`,
    start,
    stop,
    async remove() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
