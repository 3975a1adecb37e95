import type { SessionAsk } from '@airlock/protocol/requests';
import type { SessionSpec, SingleFrame, Verdict } from '@airlock/protocol/wire';
import * as z from 'zod';
import { type RequestRow, sessionAskOf } from '../inbox/request-row.ts';
import { fromJson } from '../store/json.ts';
import type { Tx } from '../store/store.ts';
import { isSaidQueued } from './outbox.ts';
import type { SessionRow } from './session-row.ts';
import { answerOf, isSameAsk, keepUnspent } from './unspent.ts';
import { toVerdict } from './verdict.ts';

/*
 * Calls that were put off while people think. Which one is, the transcript says: the CLI writes it down there, and goes by it
 * when it resumes. No answer is kept for the next container: that asks again, and is told what was decided.
 */

type Reads = Pick<Tx, 'db'>;

/** What is read of a line of the transcript. */
const lineSchema = z
  .object({
    type: z.string(),
    uuid: z.string().optional(),
    parentUuid: z.string().nullish(),
    attachment: z.object({ type: z.string(), toolUseID: z.string().optional() }).optional().catch(undefined),
  })
  .catch({ type: 'unknown' });

interface PutOff {
  readonly toolUseId: string;
  /** The line of the transcript that says so. */
  readonly line: number;
}

/** The call that is put off: nothing was said since. */
export async function putOffCall({ db }: Reads, session: string): Promise<PutOff | undefined> {
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const rows = await db
      .selectFrom('transcripts')
      .select(['id', 'entry'])
      .where('session', '=', session)
      .where('subpath', '=', '')
      .where('id', '<', before)
      .orderBy('id', 'desc')
      .limit(20)
      .execute();
    for (const row of rows) {
      before = row.id;
      const { type, attachment } = lineOf(row);
      if (type === 'user' || type === 'assistant') return undefined;
      const toolUseId = attachment?.type === 'hook_deferred_tool' ? attachment.toolUseID : undefined;
      if (toolUseId !== undefined) return { toolUseId, line: row.id };
    }
    if (rows.length === 0) return undefined;
  }
}

/** From now on it is a call like any other, whose outcome is not known until it has one. */
export async function forgetPutOff(tx: Tx, session: string): Promise<void> {
  const call = await putOffCall(tx, session);
  if (!call) return;
  const rows = await tx.db
    .selectFrom('transcripts')
    .select(['id', 'entry'])
    .where('session', '=', session)
    .where('subpath', '=', '')
    .where('id', '>=', call.line)
    .orderBy('id')
    .execute();
  // Lines hang together by their parents: one whose parent is not there any more would be where the conversation begins.
  const gone = new Set<string>();
  const lines = rows.flatMap((row) => {
    const { uuid, parentUuid } = lineOf(row);
    if (row.id !== call.line && !gone.has(parentUuid ?? '')) return [];
    if (uuid !== undefined) gone.add(uuid);
    return [row.id];
  });
  await tx.db.deleteFrom('transcripts').where('id', 'in', lines).execute();
}

/** What the next container is told of a call that was put off; undefined when there is none, and nothing to go on with. */
export async function toldOfPutOff(reads: Reads, row: SessionRow): Promise<SessionSpec['putOff']> {
  const { turn_prompt: prompt } = row;
  const isBegun = prompt !== null && !(await isSaidQueued(reads, row.id, prompt));
  if (!isBegun) return (await putOffCall(reads, row.id)) ? {} : undefined;
  const said = await reads.db
    .selectFrom('transcripts')
    .select(['id', 'entry'])
    .where('session', '=', row.id)
    .where('uuid', '=', prompt)
    .orderBy('id')
    .executeTakeFirst();
  const since = said && fromJson(timeSchema, said.entry, `Transcript entry ${said.id}`).timestamp;
  return { prompt, ...(since === undefined ? {} : { since }) };
}

const timeSchema = z.object({ timestamp: z.iso.datetime().optional() }).catch({});

/** The CLI does not take up the call that was put off: what people have answered is not spent (N6). */
export async function losePutOff(tx: Tx, row: SessionRow): Promise<void> {
  const call = await putOffCall(tx, row.id);
  await forgetPutOff(tx, row.id);
  const answered = await tx.db
    .selectFrom('requests')
    .select('id')
    .where('session', '=', row.id)
    .where('ref', '=', call?.toolUseId ?? '')
    .where('status', '=', 'answered')
    .execute();
  await keepUnspent(tx, row, answered);
}

/** What people have decided about a call that was put off, now that it is asked about again. */
export async function decidedBefore(
  tx: Tx,
  { id: session }: SessionRow,
  { requestId: ref, ask }: Extract<SingleFrame, { type: 'ask' }>,
): Promise<Verdict | undefined> {
  if (!isHeld(ref, ask) || (await putOffCall(tx, session))?.toolUseId !== ref) return undefined;
  const requests = await tx.db
    .selectFrom('requests')
    .selectAll()
    .where('session', '=', session)
    .where('ref', '=', ref)
    .where('status', '!=', 'open')
    .orderBy('id')
    .execute();
  const request = requests.findLast((row) => isSameAsk(sessionAskOf(row), ask));
  return request && verdictOn(request);
}

function verdictOn(row: RequestRow): Verdict {
  if (row.answer !== null) return toVerdict(sessionAskOf(row), answerOf(row));
  if (row.status === 'expired') return tooLate;
  return { behavior: 'deny', message: 'Claude was stopped', interrupt: true };
}

/** What Claude is told when nobody answers. */
export const tooLate: Verdict = { behavior: 'deny', message: 'Nobody answered in time' };

/** The ask of a call that is held before the CLI decides has the id of the call. */
function isHeld(ref: string, ask: SessionAsk): boolean {
  return ask.kind !== 'elicitation' && ask.toolUseId === ref;
}

/** What a session asks people: nothing, one thing that could be put off (by its `ref`), or what keeps its container. */
export async function whatIsAsked(
  { db }: Reads,
  session: string,
): Promise<'nothing' | 'other' | { readonly ref: string }> {
  const open = await db
    .selectFrom('requests')
    .selectAll()
    .where('session', '=', session)
    .where('status', '=', 'open')
    .limit(2)
    .execute();
  const [request, another] = open;
  if (!request) return 'nothing';
  return !another && isHeld(request.ref, sessionAskOf(request)) ? { ref: request.ref } : 'other';
}

function lineOf({ id, entry }: { readonly id: number; readonly entry: string }) {
  return fromJson(lineSchema, entry, `Transcript entry ${id}`);
}
