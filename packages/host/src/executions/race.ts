import { AirlockError } from '@airlock/protocol/errors';
import { callSchema } from '@airlock/protocol/service-channel';
import { fromJson } from '../store/json.ts';
import type { Tx } from '../store/store.ts';
import { type CallSinks, settleCall } from './settle.ts';

/** C4: ends an open call nobody waits for any more. */
export async function loseRace(tx: Tx, execution: string, key: string, sinks: CallSinks): Promise<void> {
  const row = await tx.db
    .selectFrom('calls')
    .select('call')
    .where('execution', '=', execution)
    .where('key', '=', key)
    .where('outcome', 'is', null)
    .executeTakeFirst();
  if (!row) return;
  const call = fromJson(callSchema, row.call, `Call ${key} of execution ${execution}`);
  if (call.kind === 'lock') await sinks.inbox.withdraw(tx, { execution, ref: key });
  if (call.kind === 'sleep' || call.kind === 'step') {
    await sinks.timers.clear(tx, { execution, kind: call.kind, ref: key });
  }
  if (call.kind === 'session_send') await sinks.sessions.abandon(tx, execution, key);
  const error = new AirlockError('withdrawn', 'Another branch of the race was first').toBody();
  await settleCall(tx, execution, key, { ok: false, error }, sinks);
}
