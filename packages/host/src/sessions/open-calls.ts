import type { NewEvent } from '@airlock/protocol/events';
import * as z from 'zod';
import { fromJson } from '../store/json.ts';
import type { Tx } from '../store/store.ts';
import { type SessionRow, sessionId } from './session-row.ts';

/** What a call and its result have in common. */
const callSchema = z.object({ session: z.string(), toolUseId: z.string() });

/** What people are told of a tool call that was lost with its container; Claude hears the same from the CLI. */
const unknownOutcome = 'The container was lost before this call had a result. Whether it took effect is not known.';

/** Ends, for people, the tool calls of the turn in progress that have no result and will get none. */
export async function endOpenCalls(tx: Tx, row: SessionRow): Promise<NewEvent[]> {
  const turn = await tx.db
    .selectFrom('events')
    .select((eb) => eb.fn.max<number | null>('seq').as('ended'))
    .where('execution', '=', row.execution)
    .where('kind', '=', 'turn')
    .executeTakeFirst();
  const told = await tx.db
    .selectFrom('events')
    .select(['seq', 'kind', 'payload'])
    .where('execution', '=', row.execution)
    .where('seq', '>', turn?.ended ?? 0)
    .where('kind', 'in', ['tool_use', 'tool_result'])
    .orderBy('seq')
    .execute();
  const open = new Set<string>();
  for (const { seq, kind, payload } of told) {
    const { session, toolUseId } = fromJson(callSchema, payload, `Event ${seq}`);
    if (session !== row.id) continue;
    if (kind === 'tool_use') open.add(toolUseId);
    else open.delete(toolUseId);
  }
  const session = sessionId(row);
  return [...open].map((toolUseId) => ({
    kind: 'tool_result',
    payload: { session, toolUseId, isError: true, text: unknownOutcome, truncated: false },
  }));
}
