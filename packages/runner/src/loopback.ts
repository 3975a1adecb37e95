import { createServer, type Server } from 'node:http';

/** The server the CLI finds on its own machine. */
export interface Loopback {
  readonly server: Server;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  close(): void;
}

export async function listenOnLoopback(): Promise<Loopback> {
  const server = createServer({ keepAliveTimeout: 600_000, requestTimeout: 0, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The loopback server has no port');
  return {
    server,
    url: `http://127.0.0.1:${address.port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
