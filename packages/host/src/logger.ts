import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';

const maxBytes = 20 * 1024 * 1024;

/** Writes JSON lines to `<home>/logs/host.log`; the file before is kept once when it has grown too large. */
export function createLogger(home: string, level: string): Logger {
  const dir = join(home, 'logs');
  mkdirSync(dir, { recursive: true });
  const path = join(dir, 'host.log');
  if (existsSync(path) && statSync(path).size > maxBytes) renameSync(path, `${path}.1`);
  return pino(
    { level, base: null, serializers: { error: pino.stdSerializers.errWithCause } },
    pino.destination({ dest: path, sync: true }),
  );
}
