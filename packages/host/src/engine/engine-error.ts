import { AirlockError, type ErrorCode } from '@airlock/protocol/errors';

const gone = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENOTFOUND']);

function property(thrown: unknown, name: string): unknown {
  return typeof thrown === 'object' && thrown !== null ? (thrown as Record<string, unknown>)[name] : undefined;
}

/** HTTP status the engine answered with; undefined when it did not answer. */
export function engineStatus(thrown: unknown): number | undefined {
  const status = property(thrown, 'statusCode');
  return typeof status === 'number' ? status : undefined;
}

/** What the engine said, without the client's decoration. */
export function engineMessage(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return message.replace(/^\(HTTP code \d+\) [^-]*- /, '').trim();
}

/** Whatever an engine call threw, as one of ours. `fallback` is for a refusal that has no code of its own. */
export function toEngineError(thrown: unknown, doing: string, fallback: ErrorCode): AirlockError {
  if (thrown instanceof AirlockError) return thrown;
  const message = engineMessage(thrown);
  const detail = `${doing}: ${message}`;
  return new AirlockError(classify(thrown, message, fallback), detail, { cause: thrown });
}

function classify(thrown: unknown, message: string, fallback: ErrorCode): ErrorCode {
  const code = property(thrown, 'code');
  if (code === 'EACCES' || code === 'EPERM') return 'engine_forbidden';
  if (engineStatus(thrown) === undefined && typeof code === 'string' && gone.has(code)) return 'engine_unreachable';
  if (engineStatus(thrown) === undefined && /socket hang up/.test(message)) return 'engine_unreachable';
  if (isDiskFull(message)) return 'disk_full';
  if (/no such image|image not known/i.test(message)) return 'image_missing';
  return fallback;
}

/** Whether a message of the engine, of apt or of a compiler means a full disk. */
export function isDiskFull(message: string): boolean {
  return /no space left on device|ENOSPC|not enough free space|disk quota exceeded/i.test(message);
}
