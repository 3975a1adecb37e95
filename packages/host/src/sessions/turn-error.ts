import { AirlockError } from '@airlock/protocol/errors';
import type { UpFrame } from '@airlock/protocol/wire';
import type { UpstreamProblem } from '../gateway/problem.ts';

type TurnFrame = Extract<UpFrame, { type: 'turn' }>;

/** Whether a person stopped the turn. */
export function isInterrupted({ terminalReason }: TurnFrame): boolean {
  return terminalReason === 'aborted_streaming' || terminalReason === 'aborted_tools';
}

/** Why a turn failed, in words a person can act on; `undefined` when it did not. */
export function turnError(frame: TurnFrame, upstream: UpstreamProblem | undefined): AirlockError | undefined {
  if (!frame.isError || isInterrupted(frame)) return undefined;
  if (frame.subtype === 'error_max_turns') {
    return new AirlockError('claude_failed', 'Claude used all its steps for one turn');
  }
  if (upstream) return new AirlockError(upstream.code, upstream.detail);
  return new AirlockError('claude_failed', frame.text || frame.terminalReason || frame.subtype);
}
