import { jsonObjectSchema } from '@airlock/protocol/json';
import type { SingleFrame, TranscriptLine } from '@airlock/protocol/wire';
import { fromJson } from '../store/json.ts';
import type { Store, Tx } from '../store/store.ts';
import { type Entry, entrySchema, readTurn, type TurnState } from './turn-state.ts';

/*
 * What Claude remembers of a session, as its containers sent it: one row per line of the CLI's transcript. The main
 * transcript has the empty subpath, those of sub-agents have theirs.
 */

/** Keeps a batch of entries, in order. */
export async function keepTranscript(
  tx: Tx,
  session: string,
  frame: Extract<SingleFrame, { type: 'transcript' }>,
): Promise<void> {
  const values = frame.entries.map((entry) => {
    const object = jsonObjectSchema.safeParse(entry);
    const uuid = object.success && typeof object.data.uuid === 'string' ? object.data.uuid : null;
    return {
      session,
      project_key: frame.projectKey,
      subpath: frame.subpath ?? '',
      uuid,
      entry: JSON.stringify(entry),
    };
  });
  if (values.length > 0) await tx.db.insertInto('transcripts').values(values).execute();
}

/** Whether there is anything to remember: a CLI refuses to resume a conversation in which nobody has said a word. */
export async function hasConversation(store: Store, session: string): Promise<boolean> {
  for await (const row of pages(store, session)) {
    if (row.subpath === '' && isSaid(entryOf(row))) return true;
  }
  return false;
}

/** The lines a resuming runner is sent. */
export async function* transcriptLines(store: Store, session: string): AsyncGenerator<string> {
  let sent = 0;
  for await (const row of pages(store, session)) {
    const subpath = row.subpath === '' ? '' : `"subpath":${JSON.stringify(row.subpath)},`;
    yield `{"projectKey":${JSON.stringify(row.project_key)},${subpath}"entry":${row.entry}}\n`;
    sent += 1;
  }
  const end: TranscriptLine = { end: sent };
  yield `${JSON.stringify(end)}\n`;
}

/** How far the turn of the prompt `uuid` had come when the transcript ends. */
export async function turnStateOf(tx: Tx, session: string, uuid: string): Promise<TurnState> {
  const prompt = await promptOf(tx, session, uuid);
  if (!prompt) return { kind: 'unsaid' };
  const rows = await tx.db
    .selectFrom('transcripts')
    .select(['id', 'entry'])
    .where('session', '=', session)
    .where('subpath', '=', '')
    .where('id', '>=', prompt)
    .orderBy('id')
    .execute();
  return readTurn(rows.map(entryOf));
}

/** Forgets a prompt nothing has come of, so that it can be said again. */
export async function forgetPrompt(tx: Tx, session: string, uuid: string): Promise<void> {
  const prompt = await promptOf(tx, session, uuid);
  if (!prompt) return;
  await tx.db
    .deleteFrom('transcripts')
    .where('session', '=', session)
    .where('subpath', '=', '')
    .where('id', '>=', prompt)
    .execute();
}

/** Whether the CLI has taken what was said under this uuid. */
export async function wasTaken(tx: Tx, session: string, uuid: string): Promise<boolean> {
  return (await promptOf(tx, session, uuid)) !== undefined;
}

async function promptOf(tx: Tx, session: string, uuid: string): Promise<number | undefined> {
  const row = await tx.db
    .selectFrom('transcripts')
    .select('id')
    .where('session', '=', session)
    .where('subpath', '=', '')
    .where('uuid', '=', uuid)
    .orderBy('id')
    .executeTakeFirst();
  return row?.id;
}

function isSaid({ type }: Entry): boolean {
  return type === 'user' || type === 'assistant';
}

function entryOf({ id, entry }: { readonly id: number; readonly entry: string }): Entry {
  return fromJson(entrySchema, entry, `Transcript entry ${id}`);
}

const pageSize = 100;

/** Every row in order, a page at a time: a transcript can be larger than what a host should hold. */
async function* pages(store: Store, session: string) {
  for (let after = 0; ; ) {
    const rows = await store.db
      .selectFrom('transcripts')
      .selectAll()
      .where('session', '=', session)
      .where('id', '>', after)
      .orderBy('id')
      .limit(pageSize)
      .execute();
    yield* rows;
    const last = rows.at(-1);
    if (!last || rows.length < pageSize) return;
    after = last.id;
  }
}
