import { AirlockError, type ErrorCode } from '@airlock/protocol/errors';

/** Whether what was thrown at a call is the error of this code: `request_expired`, `claude_stalled` and so on. */
export function isError(thrown: unknown, code: ErrorCode): thrown is AirlockError {
  return thrown instanceof AirlockError && thrown.code === code;
}
