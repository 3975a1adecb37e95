import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';

const maxBytes = 20 * 1024 * 1024;
/** Lines kept while they cannot be written; more are dropped. */
const maxUnwritten = 1024 * 1024;

/** Writes JSON lines to `<home>/logs/host.log`; the file before is kept once when it has grown too large. */
export function createLogger(home: string, level: string): Logger {
  const dir = join(home, 'logs');
  mkdirSync(dir, { recursive: true });
  const path = join(dir, 'host.log');
  if (existsSync(path) && statSync(path).size > maxBytes) renameSync(path, `${path}.1`);
  const destination = pino.destination({ dest: path, sync: true, maxLength: maxUnwritten });
  // A full disk stops the log, not the host.
  destination.on('error', () => undefined);
  return pino({ level, base: null, serializers: { error: pino.stdSerializers.errWithCause } }, destination);
}
