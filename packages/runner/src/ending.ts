import { constants } from 'node:os';
import { AirlockError } from '@airlock/protocol/errors';
import type { SingleFrame } from '@airlock/protocol/wire';
import type { ClaudeExit } from './claude-process.ts';

/** How a conversation ended; when its CLI was killed, another container goes on with it. */
export type Ending =
  | Extract<SingleFrame, { type: 'ended' | 'failure' }>
  | { readonly type: 'killed'; readonly code: number; readonly words: string };

/** Exit codes from here on are the number of a signal above this. */
const signalled = 128;

/** Why the conversation cannot go on, in words that tell a killed CLI from a failed one. */
export function endingOf({ code, signal, stderr }: ClaudeExit, memoryKills: number, thrown: unknown): Ending {
  const words = stderr || (thrown instanceof Error ? thrown.message : '');
  const how = signal === null ? `with code ${code ?? 'unknown'}` : `by ${signal}`;
  if (signal === null && (code ?? 0) <= signalled) {
    const detail = `The CLI ended ${how}${words ? `: ${words}` : ''}`;
    return { type: 'failure', error: new AirlockError('claude_failed', detail).toBody() };
  }
  const isMemory = signal === 'SIGKILL' && memoryKills > 0;
  return {
    type: 'killed',
    code: signal === null ? (code ?? signalled) : signalled + constants.signals[signal],
    words: isMemory ? 'The kernel killed Claude for its memory' : `Claude was ended ${how}`,
  };
}
