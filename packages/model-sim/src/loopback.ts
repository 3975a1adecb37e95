import type { Server } from 'node:http';

/** Listens on the loopback interface. Rejects when the port is taken. */
export function listen(server: Server, port: number): Promise<{ port: number; url: string }> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', reject);
      resolve(addressOf(server));
    });
  });
}

/** Where a listening server is. Throws before it listens. */
export function addressOf(server: Server): { port: number; url: string } {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('The simulator does not listen yet');
  const { port } = address;
  return { port, url: `http://127.0.0.1:${port}` };
}

/** Breaks off every connection and stops. */
export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
