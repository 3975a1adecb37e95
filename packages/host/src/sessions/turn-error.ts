import { AirlockError, type ErrorCode } from '@airlock/protocol/errors';
import type { UpFrame } from '@airlock/protocol/wire';

type TurnFrame = Extract<UpFrame, { type: 'turn' }>;

/** What the gateway last saw fail for a session. */
export interface UpstreamProblem {
  readonly code: ErrorCode;
  readonly detail: string;
}

/** Why a turn failed, in words a person can act on; `undefined` when it did not. */
export function turnError(frame: TurnFrame, upstream: UpstreamProblem | undefined): AirlockError | undefined {
  if (!frame.isError) return undefined;
  if (frame.subtype === 'error_max_turns') {
    return new AirlockError('claude_failed', 'Claude used all its steps for one turn');
  }
  if (upstream) return new AirlockError(upstream.code, upstream.detail);
  const code = frame.apiStatus === null ? 'claude_failed' : codeOfStatus(frame.apiStatus);
  return new AirlockError(code, frame.text || frame.terminalReason || frame.subtype);
}

/** The error code for a status of the model API. */
export function codeOfStatus(status: number): ErrorCode {
  switch (status) {
    case 401:
    case 403:
      return 'model_key_refused';
    case 429:
      return 'model_limited';
    case 529:
      return 'model_overloaded';
    case 502:
      return 'model_unreachable';
    default:
      return status >= 500 ? 'model_overloaded' : 'model_refused';
  }
}
