import { AirlockError } from '@airlock/protocol/errors';
import type { DownFrame } from '@airlock/protocol/wire';
import type { Log } from '../log/log.ts';
import type { WorkerImage } from '../placement/placement.ts';
import { newId } from '../store/ids.ts';
import type { Tx } from '../store/store.ts';
import { queueDown } from './outbox.ts';
import { beginTurn, isOngoing, problemOf, type SessionRow, sessionId } from './session-row.ts';
import { wake } from './sleep.ts';

/** Begins a turn whose outcome call `key` gets; false when that call has begun it already. One that sleeps wakes with `image`. */
export async function sendPrompt(
  tx: Tx,
  log: Log,
  row: SessionRow,
  { text, key, image }: { readonly text: string; readonly key: string; readonly image: WorkerImage },
): Promise<boolean> {
  if (row.turn_call === key) return false;
  if (!isOngoing(row)) throw problemOf(row);
  if (row.turn_call !== null) throw new AirlockError('service_failed', 'The session has a turn in progress');
  const uuid = newId();
  const frame: DownFrame = { type: 'prompt', uuid, text };
  await tx.run(beginTurn, { id: row.id, call: key, prompt: uuid, frame: JSON.stringify(frame) });
  await wake(tx, log, row, image);
  await log.append(tx, row.execution, [{ kind: 'prompt', payload: { session: sessionId(row), id: uuid, text } }]);
  await queueDown(tx, row.id, frame);
  return true;
}
