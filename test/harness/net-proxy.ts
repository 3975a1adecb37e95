import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { relay } from './relay.ts';

/** A network between a browser and a host that can be cut. */
export interface NetProxy {
  /** Address of the host on the far side of it. */
  readonly url: string;
  /** Resolves once this many bytes have gone to the host, counted from now. */
  passed(bytes: number): Promise<void>;
  /** Breaks every connection, and lets none through until it is mended. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function createNetProxy(target: string): Promise<NetProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const waiting = new Set<{ left: number; resolve: () => void }>();
  let isCut = false;

  function count(bytes: number): void {
    for (const wait of waiting) {
      wait.left -= bytes;
      if (wait.left > 0) continue;
      waiting.delete(wait);
      wait.resolve();
    }
  }

  const server = createServer((socket) => {
    if (isCut) return void socket.destroy();
    const upstream = connect(Number(port), hostname);
    socket.on('data', ({ length }) => count(length));
    relay(socket, upstream, sockets);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed: (left) => new Promise((resolve) => waiting.add({ left, resolve })),
    cut() {
      isCut = true;
      breakAll();
    },
    mend() {
      isCut = false;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      breakAll();
      await closed;
    },
  };
}
