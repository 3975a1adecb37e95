import { AirlockError } from '@airlock/protocol/errors';
import type { Outcome, Turn } from '@airlock/protocol/service-channel';
import { noUsage } from '@airlock/protocol/usage';
import { failure, type Script } from './script.ts';

/** Plays Claude's part: what a turn of a session comes to. */
export function createSessions(script: Script): (session: string, text: string) => Outcome {
  const turns = new Map<string, number>();
  return (session, text) => {
    const turn = turns.get(session) ?? 0;
    turns.set(session, turn + 1);
    const said = script.session?.(text, turn, session) ?? `You said: ${text}`;
    if (said instanceof AirlockError) return failure(said);
    const silent: Turn = { text: '', durationMs: 0, usage: noUsage };
    return { ok: true, value: { ...silent, ...(typeof said === 'string' ? { text: said } : said) } };
  };
}
