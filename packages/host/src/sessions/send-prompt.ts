import { AirlockError } from '@airlock/protocol/errors';
import type { DownFrame } from '@airlock/protocol/wire';
import type { Log } from '../log/log.ts';
import { newId } from '../store/ids.ts';
import type { Tx } from '../store/store.ts';
import { queueDown } from './outbox.ts';
import { beginTurn, problemOf, type SessionRow, sessionId } from './session-row.ts';

/** Begins a turn whose outcome call `key` gets; false when that call has begun it already. */
export async function sendPrompt(tx: Tx, log: Log, row: SessionRow, text: string, key: string): Promise<boolean> {
  if (row.turn_call === key) return false;
  if (row.state === 'lost' || row.state === 'ended' || row.state === 'ending') throw problemOf(row);
  if (row.turn_call !== null) throw new AirlockError('service_failed', 'The session has a turn in progress');
  const uuid = newId();
  const frame: DownFrame = { type: 'prompt', uuid, text };
  await tx.run(beginTurn, { id: row.id, call: key, prompt: uuid, frame: JSON.stringify(frame) });
  await log.append(tx, row.execution, [{ kind: 'prompt', payload: { session: sessionId(row), id: uuid, text } }]);
  await queueDown(tx, row.id, frame);
  return true;
}
