import { AirlockError, type ErrorBody } from '@airlock/protocol/errors';
import type { ClaudeExit } from './claude-process.ts';

/** Why the conversation cannot go on, in words that tell a killed CLI from a failed one. */
export function failureOf(exit: ClaudeExit, memoryKills: number, thrown: unknown): ErrorBody {
  if (exit.signal === 'SIGKILL' && memoryKills > 0) {
    return new AirlockError('container_out_of_memory', 'The kernel killed Claude for its memory').toBody();
  }
  const how = exit.signal === null ? `with code ${exit.code ?? 'unknown'}` : `by ${exit.signal}`;
  const guess = exit.signal === 'SIGKILL' ? '; likely out of memory' : '';
  const words = exit.stderr || (thrown instanceof Error ? thrown.message : '');
  return new AirlockError('claude_failed', `The CLI ended ${how}${guess}${words ? `: ${words}` : ''}`).toBody();
}
