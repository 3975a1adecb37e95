import { isDeepStrictEqual } from 'node:util';
import { jsonObjectSchema } from '@airlock/protocol/json';
import type { SessionAsk } from '@airlock/protocol/requests';
import { downFrameSchema } from '@airlock/protocol/wire';
import * as z from 'zod';
import { type RequestRow, sessionAskOf } from '../inbox/request-row.ts';
import { fromJson } from '../store/json.ts';
import type { Tx } from '../store/store.ts';
import type { SessionRow } from './session-row.ts';

/*
 * Answers of people that were on disk when their container was lost, and had not been taken to it.
 *
 * N6. Such an answer is used once, when the same is asked again in the turn that goes on; something else, or anything
 *     later, is asked anew. One the container had taken is spent: whether its tool began is not known.
 */

const idsSchema = z.array(z.string());

const idsOf = ({ id, unspent }: Pick<SessionRow, 'id' | 'unspent'>): string[] =>
  unspent === null ? [] : fromJson(idsSchema, unspent, `Unspent answers of session ${id}`);

/** The requests whose answers lie in the outbox of a session that has lost its container, and those kept from before, as stored. */
export async function unspentAnswers(tx: Tx, row: SessionRow): Promise<string | null> {
  const queued = await tx.db.selectFrom('outbox').select(['n', 'frame']).where('session', '=', row.id).execute();
  const refs = queued.flatMap(({ n, frame }) => {
    const down = fromJson(downFrameSchema, frame, `Outbox ${row.id}/${n}`);
    return down.type === 'answer' ? [down.requestId] : [];
  });
  if (refs.length === 0) return row.unspent;
  const answered = await tx.db
    .selectFrom('requests')
    .select('id')
    .where('session', '=', row.id)
    .where('ref', 'in', refs)
    .where('status', '=', 'answered')
    .execute();
  return withThese(row, answered);
}

function withThese(row: SessionRow, requests: readonly { readonly id: string }[]): string | null {
  return requests.length === 0 ? row.unspent : JSON.stringify([...idsOf(row), ...requests.map(({ id }) => id)]);
}

/** Keeps answers that were not taken to Claude beside those kept from before. */
export async function keepUnspent(
  tx: Tx,
  row: SessionRow,
  requests: readonly { readonly id: string }[],
): Promise<void> {
  const unspent = withThese(row, requests);
  await tx.db.updateTable('sessions').set({ unspent }).where('id', '=', row.id).execute();
}

/** What a person has decided before about what is asked now. */
type Decided =
  | { readonly kind: 'same'; readonly request: RequestRow }
  /** About another call of the same tool, which this one may stand for. */
  | { readonly kind: 'other'; readonly request: RequestRow };

/** Takes the answer to what is asked, if there is one that is not spent; it is spent then. */
export async function takeUnspent(tx: Tx, row: SessionRow, ask: SessionAsk): Promise<Decided | undefined> {
  const ids = idsOf(row);
  if (ids.length === 0) return undefined;
  const requests = await tx.db.selectFrom('requests').selectAll().where('id', 'in', ids).execute();
  const same = requests.find((request) => isSameAsk(sessionAskOf(request), ask));
  const other = requests.find((request) => isOfTool(sessionAskOf(request), ask));
  const request = same ?? other;
  if (!request) return undefined;
  const left = JSON.stringify(ids.filter((id) => id !== request.id));
  await tx.db.updateTable('sessions').set({ unspent: left }).where('id', '=', row.id).execute();
  return { kind: same ? 'same' : 'other', request };
}

/** What a person has answered. */
export function answerOf({ id, answer }: RequestRow) {
  return fromJson(jsonObjectSchema, answer ?? 'null', `Answer to request ${id}`);
}

/** Whether an answer to one holds for the other. */
export function isSameAsk(one: SessionAsk, other: SessionAsk): boolean {
  return isDeepStrictEqual(gist(one), gist(other));
}

/** What must be the same for an answer to hold. */
function gist(ask: SessionAsk): unknown {
  switch (ask.kind) {
    case 'tool':
      return { tool: ask.tool, input: ask.input };
    case 'question':
      return { questions: ask.questions };
    case 'elicitation': {
      const { server, message, url, elements } = ask;
      return { server, message, url, elements };
    }
    case 'plan':
      return { plan: ask.plan };
  }
}

function isOfTool(before: SessionAsk, now: SessionAsk): boolean {
  return before.kind === 'tool' && now.kind === 'tool' && before.tool === now.tool;
}
