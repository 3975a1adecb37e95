import { jsonObjectSchema } from '@airlock/protocol/json';
import { type ToolResult, toolResultSchema } from '@airlock/protocol/service-channel';
import type { SingleFrame } from '@airlock/protocol/wire';
import { sql } from 'kysely';
import { fromJson } from '../store/json.ts';
import type { Tx } from '../store/store.ts';
import { queueDown } from './outbox.ts';
import { type SessionRow, sessionByName } from './session-row.ts';
import type { Settle } from './settle.ts';

/*
 * Tools of services, on their way between Claude and the service.
 *
 * N7. The service gets each use of a tool once, in the order in which Claude made them. One that comes again, from a
 *     runner that did not hear of its answer, is answered again and not run again.
 */

type ToolCall = Extract<SingleFrame, { type: 'tool_call' }>;

/** Claude uses a tool: the service that waits for that gets it, else it is kept until one does. */
export async function takeToolCall(tx: Tx, row: SessionRow, frame: ToolCall, settle: Settle): Promise<void> {
  const { callId, toolUseId, tool, input } = frame;
  const known = await tx.db
    .selectFrom('tool_uses')
    .select('result')
    .where('session', '=', row.id)
    .where('tool_use', '=', toolUseId)
    .executeTakeFirst();
  if (known) {
    await tx.db
      .updateTable('tool_uses')
      .set({ call: callId })
      .where('session', '=', row.id)
      .where('tool_use', '=', toolUseId)
      .execute();
    if (known.result !== null) await answer(tx, row.id, callId, readResult(toolUseId, known.result));
    return;
  }
  const waiting = await waitingCall(tx, row);
  await tx.db
    .insertInto('tool_uses')
    .values({
      session: row.id,
      tool_use: toolUseId,
      call: callId,
      tool,
      input: JSON.stringify(input),
      taken: waiting === undefined ? 0 : 1,
    })
    .execute();
  if (waiting === undefined) return;
  await settle(tx, row.execution, waiting, { ok: true, value: { toolUseId, tool, input } });
}

/** The oldest use no service has got yet; it has it from now on. */
export async function nextToolUse(tx: Tx, execution: string, name: string) {
  const [row] = await tx.run(sessionByName, { execution, name });
  if (!row) return undefined;
  const next = await tx.db
    .selectFrom('tool_uses')
    .select(['n', 'tool_use', 'tool', 'input'])
    .where('session', '=', row.id)
    .where('taken', '=', 0)
    .orderBy('n')
    .limit(1)
    .executeTakeFirst();
  if (!next) return undefined;
  await tx.db.updateTable('tool_uses').set({ taken: 1 }).where('n', '=', next.n).execute();
  const input = fromJson(jsonObjectSchema, next.input, `Input of tool use ${next.tool_use}`);
  return { toolUseId: next.tool_use, tool: next.tool, input };
}

/** What came of a use. Resolves with the session to tell; undefined when it is not known. */
export async function endToolUse(
  tx: Tx,
  execution: string,
  { session: name, toolUseId, result }: { session: string; toolUseId: string; result: ToolResult },
): Promise<string | undefined> {
  const [row] = await tx.run(sessionByName, { execution, name });
  if (!row) return undefined;
  const used = await tx.db
    .updateTable('tool_uses')
    .set({ result: JSON.stringify(result) })
    .where('session', '=', row.id)
    .where('tool_use', '=', toolUseId)
    .where('result', 'is', null)
    .returning('call')
    .executeTakeFirst();
  if (!used) return undefined;
  await answer(tx, row.id, used.call, result);
  return row.id;
}

async function answer(tx: Tx, session: string, callId: string, result: ToolResult): Promise<void> {
  await queueDown(tx, session, { type: 'tool_answer', callId, result });
}

function readResult(toolUseId: string, text: string): ToolResult {
  return fromJson(toolResultSchema, text, `Result of tool use ${toolUseId}`);
}

/** Key of the call with which the service waits for the next use; undefined while it is between two. */
async function waitingCall(tx: Tx, { execution, name }: SessionRow): Promise<string | undefined> {
  const call = await tx.db
    .selectFrom('calls')
    .select('key')
    .where('execution', '=', execution)
    .where('outcome', 'is', null)
    .where(sql`call ->> 'kind'`, '=', 'tool_next')
    .where(sql`call ->> 'session'`, '=', name)
    .orderBy('made')
    .limit(1)
    .executeTakeFirst();
  return call?.key;
}
