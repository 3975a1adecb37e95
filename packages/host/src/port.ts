import { createServer } from 'node:net';
import { AirlockError } from '@airlock/protocol/errors';

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Rejects with `port_taken`, saying why, when the address cannot be served. */
export async function requirePort({ host, port }: Address): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', (error) => reject(listenError(error, { host, port })));
    probe.listen(port, host, resolve);
  });
  await new Promise((resolve) => probe.close(resolve));
}

/** What `EADDRINUSE` and its like mean. */
export function listenError(error: unknown, { host, port }: Address): AirlockError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return new AirlockError('port_taken', `Another program serves ${host}:${port}`);
  if (code === 'EACCES') return new AirlockError('port_taken', `No right to serve ${host}:${port}`);
  return AirlockError.from(error);
}
