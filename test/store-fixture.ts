import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createLog } from '@airlock/host/log/log';
import { toSqlText } from '@airlock/host/store/migrations/fixtures/sql-text';
import { openStore, type Store } from '@airlock/host/store/store';
import { eventKindSchema, type NewEvent } from '@airlock/protocol/events';
import { type Id, idSchema } from '@airlock/protocol/ids';
import { type Api, ofKind } from './harness/api.ts';
import { containerOf } from './harness/containers.ts';
import { errorOf, reply } from './harness/endings.ts';
import { adminPassword, root } from './harness/host.ts';
import { createServices } from './harness/services.ts';
import { createSetting } from './harness/setting.ts';

/*
 * `npm run store-fixture`: plays executions of many kinds on a real host and keeps its store as SQL text, the fixture of
 * the newest migration. Run it before the next migration is added; from then on the fixture stays as it is.
 */

const script = `
scenarios:
  - when: { contains: everything }
    steps:
      - blocks:
          - thinking: The person wants to see a bit of everything.
          - text: "I write it down first: ünïcödé, 'quotes' and a\\nsecond line."
          - tool_use: { name: Write, input: { file_path: /workspace/note.txt, content: "it's kept" } }
      - blocks: [{ tool_use: { name: Bash, input: { command: "touch kept.txt" } } }]
      - blocks: [{ tool_use: { name: Bash, input: { command: "rm note.txt" } } }]
      - blocks:
          - tool_use:
              name: AskUserQuestion
              input:
                questions:
                  - question: Which colour?
                    header: Colour
                    multiSelect: false
                    options: [{ label: Red, description: warm }, { label: Blue, description: cold }]
      - say: "You chose: {{toolResult}}"
  - when: { contains: overloaded }
    steps: [{ error: { status: 529, times: 1 }, say: It was worth the wait. }]
  - when: { contains: too long }
    steps: [{ error: { status: 400, message: "prompt is too long: 300000 tokens" } }]
  - when: { contains: wait for me }
    steps: [{ blocks: [{ tool_use: { name: Bash, input: { command: "make release" } } }] }]
`;

const showing = `
import { form, submit, text } from '@airlock/flow/form';
import { defineService } from '@airlock/flow/service';

export default defineService({
  name: 'showing',
  title: 'Shows everything',
  description: 'Shows things in every form, and asks twice.',
  form: form({ topic: text({ label: 'Topic', required: true }), start: submit('Start') }),
  async run(ctx) {
    await ctx.tracer.markdown('# ' + ctx.inputs.topic);
    await ctx.tracer.html('<p>html</p>');
    await ctx.tracer.text('plain');
    await ctx.tracer.result({ rows: [1, 2, 3], none: null });
    await ctx.tracer.debug('a detail');
    await ctx.tracer.warning('a warning');
    console.log('a line of the process');
    await ctx.lock('late', form({ ok: submit('OK') }), { expiresMs: 1 }).catch(() => undefined);
    const sure = form({ words: text({ label: 'Words', required: true }), ok: submit('OK') });
    const answer = await ctx.lock('sure', sure, { remindMs: [1], lease: ({ words }) => words.length });
    return { type: 'json', body: { answer } };
  },
});
`;

const isOver = (status: string) => (event: { kind: string; payload: unknown }) =>
  event.kind === 'status' && (event.payload as { status: string }).status === status;

/** A conversation with tools, a denial and a question, to its end. */
async function converseOnEverything(api: Api): Promise<string> {
  const id = await api.launch('claude-hitl', { prompt: 'Show me everything' });
  const allowed = await api.until(id, ofKind('request'));
  await api.answer(allowed.payload.request, { decision: 'allow' });
  const denied = await api.until(id, ofKind('request'), allowed.seq);
  await api.answer(denied.payload.request, { decision: 'deny', message: "it's mine" });
  const question = await api.until(id, ofKind('request'), denied.seq);
  await api.answer(question.payload.request, { answers: { 'Which colour?': 'Blue' } });
  const at = await reply(api, id, question.seq, 'now you are overloaded');
  await reply(api, id, at, 'done');
  await api.until(id, isOver('finished'), at);
  return id;
}

/** A conversation whose container has not taken what the person said last. */
async function sayUnheard(api: Api): Promise<void> {
  const id = await api.launch('claude-hitl', { prompt: 'hello' });
  const { payload } = await api.until(id, ofKind('prompt'));
  const lock = await api.until(id, ofKind('lock'));
  await containerOf(payload.session).pause();
  await api.answer(lock.payload.request, { response: 'are you there?' });
  await api.until(id, ofKind('prompt'), lock.seq);
}

/** Executions in every state, waiting ones among them. */
async function play(api: Api): Promise<string> {
  const ended = await converseOnEverything(api);
  await errorOf(api, await api.launch('claude-hitl', { prompt: 'this is too long' }));
  const shown = await api.launch('showing', { topic: 'Fixtures' });
  const lapsed = await api.until(shown, ofKind('lease'));
  const sure = await api.until(shown, ofKind('lock'), lapsed.seq);
  await api.until(shown, ofKind('reminder'), sure.seq);
  await api.call('POST', `/requests/${sure.payload.request}/assign`, { to: { role: 'member' }, note: "it's yours" });
  await api.answer(sure.payload.request, { words: 'quite sure' });
  await api.until(shown, isOver('finished'));
  const cancelled = await api.launch('showing', { topic: 'Cancelled' });
  await api.until(cancelled, ofKind('lease'));
  await api.call('POST', `/executions/${cancelled}/cancel`);
  await api.until(await api.launch('claude-hitl', { prompt: 'wait for me' }), ofKind('request'));
  await api.until(await api.launch('claude-hitl', { prompt: 'hello' }), ofKind('lock'));
  await sayUnheard(api);
  return ended;
}

/** What the protocol has events for and no host of this version writes. */
function unwritten(session: Id): NewEvent[] {
  const usage = { inputTokens: 1, outputTokens: 2, cacheReadTokens: 3, cacheWriteTokens: 4, costMicroUsd: null };
  return [
    { kind: 'agent', payload: { body: { name: 'nobody' } } },
    { kind: 'upload', payload: { files: [{ path: 'in/a.txt', size: 3 }] } },
    { kind: 'usage', payload: { session, model: 'claude-test', usage } },
  ];
}

const longest = { text: 120, list: 4 };

/** The CLI's own instructions to the model are long, and not ours to keep. */
function shorten(value: unknown): unknown {
  if (typeof value === 'string') return value.length > longest.text ? `${value.slice(0, longest.text)}…` : value;
  if (Array.isArray(value)) return value.slice(0, longest.list).map(shorten);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, shorten(each)]));
}

async function shortenTranscripts(store: Store): Promise<void> {
  const rows = await store.db.selectFrom('transcripts').select(['id', 'entry']).execute();
  for (const { id, entry } of rows) {
    const short = JSON.stringify(shorten(JSON.parse(entry)));
    await store.write((tx) => tx.db.updateTable('transcripts').set({ entry: short }).where('id', '=', id).execute());
  }
}

/** Adds what is missing, and fails when an event kind is not in the store at all. */
async function complete(path: string, execution: string): Promise<void> {
  const store = await openStore(path);
  const log = createLog(store, () => new Date());
  const { id } = await store.db
    .selectFrom('sessions')
    .select('id')
    .where('execution', '=', execution)
    .executeTakeFirstOrThrow();
  await store.write((tx) => log.append(tx, execution, unwritten(idSchema.parse(id))));
  await shortenTranscripts(store);
  const kinds = (await store.db.selectFrom('events').select('kind').distinct().execute()).map(({ kind }) => kind);
  await store.close();
  const missing = eventKindSchema.options.filter((kind) => !kinds.includes(kind));
  if (missing.length > 0) throw new Error(`No event of these kinds is in the store: ${missing.join(', ')}`);
}

function keep(path: string): string {
  const database = new DatabaseSync(path);
  const { name } = database.prepare('SELECT max(name) AS name FROM kysely_migration').get() ?? {};
  const file = join(root, 'packages/host/src/store/migrations/fixtures', `${name}.sql`);
  writeFileSync(file, toSqlText(database));
  database.close();
  return file;
}

const services = createServices({ showing });
symlinkSync(join(root, 'services', 'claude-hitl'), join(services.dir, 'claude-hitl'));
const setting = await createSetting(script, { env: { AIRLOCK_SERVICES: services.dir } });
try {
  const { api, host } = setting;
  await api.call('POST', '/login', { name: 'admin', password: adminPassword });
  await api.call('POST', '/tokens', { label: 'a program' });
  const ended = await play(api);
  await host.stop();
  const path = join(host.home, 'airlock.db');
  await complete(path, ended);
  process.stdout.write(`${keep(path)}\n`);
} finally {
  await setting.remove();
  services.remove();
}
