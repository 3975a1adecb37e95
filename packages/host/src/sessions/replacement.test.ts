import { AirlockError, type ErrorCode } from '@airlock/protocol/errors';
import type { Json, JsonObject } from '@airlock/protocol/json';
import type { SessionAsk } from '@airlock/protocol/requests';
import type { Outcome } from '@airlock/protocol/service-channel';
import type { DownFrame, SingleFrame } from '@airlock/protocol/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createInbox } from '../inbox/inbox.ts';
import { addExecution } from '../log/fixtures.ts';
import { createLog } from '../log/log.ts';
import { newId } from '../store/ids.ts';
import { temporaryStore } from '../store/temporary.ts';
import { stillTimers } from '../timers/fixtures.ts';
import { commitFrame, type FrameSinks } from './frames.ts';
import { clearOutbox, queueDown, readOutbox } from './outbox.ts';
import { afterLoss, cutOffNotice, endRememberedTurn, isResting, replaceContainer } from './replacement.ts';
import { createRequestOwner } from './request-owner.ts';
import { newSessionRow, type SessionRow } from './session-row.ts';
import { hasConversation, transcriptLines } from './transcript.ts';

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let sinks: FrameSinks;
let execution: string;
let session: string;
let settled: { key: string; outcome: Outcome }[];

beforeEach(async () => {
  temporary = await temporaryStore();
  const { store } = temporary;
  const clock = () => new Date('2030-01-01T00:00:00Z');
  const log = createLog(store, clock);
  const inbox = createInbox({
    store,
    log,
    timers: stillTimers(store, clock),
    clock,
    owner: () => createRequestOwner({ log, image: () => newImage, onReply: () => undefined }),
  });
  settled = [];
  sinks = {
    log,
    inbox,
    clock,
    onQueued: () => undefined,
    upstreamProblem: () => undefined,
    settle: (_tx, _execution, key, outcome) => Promise.resolve(void settled.push({ key, outcome })),
  };
  execution = await addExecution(store);
  session = newId();
  const fresh = newSessionRow({ id: session, execution, name: 'main', image: 'old', token: 'token' }, {});
  const row = { ...fresh, state: 'live' as const, container: 'first', up_committed: 7 };
  await store.write(async (tx) => void (await tx.db.insertInto('sessions').values(row).execute()));
});
afterEach(() => temporary.remove());

const prompt: DownFrame = { type: 'prompt', uuid: 'p1', text: 'do it' };
const problem = (code: ErrorCode = 'container_lost') => new AirlockError(code, 'It was killed');
const row = () => temporary.store.db.selectFrom('sessions').selectAll().executeTakeFirstOrThrow();
const events = () => sinks.log.read(execution, 0, 100);
const outbox = async () => (await readOutbox(temporary.store, session, 0)).map(({ n, frame }) => ({ n, frame }));

async function change(values: Partial<SessionRow>): Promise<void> {
  await temporary.store.write(async (tx) => void (await tx.db.updateTable('sessions').set(values).execute()));
}

/** A call waits for the turn of `prompt`, which was taken by the runner. */
const beginTurn = () => change({ turn_call: 'call', turn_prompt: 'p1', turn_frame: JSON.stringify(prompt) });

async function commit(...frames: SingleFrame[]): Promise<void> {
  for (const frame of frames) {
    await temporary.store.write(async (tx) => {
      await commitFrame(tx, await tx.db.selectFrom('sessions').selectAll().executeTakeFirstOrThrow(), frame, sinks);
    });
  }
}

const newImage = { reference: 'new', digest: 'sha256:new' };

/** Loses the container, as a link would say it. */
async function lose(code?: ErrorCode): Promise<void> {
  await temporary.store.write(async (tx) => {
    const before = await tx.db.selectFrom('sessions').selectAll().executeTakeFirstOrThrow();
    const now = await endRememberedTurn(tx, before, sinks);
    await replaceContainer(tx, now, { image: newImage, problem: problem(code) }, sinks);
  });
  await change({ container: 'next', replaces: null });
}

const remembers = (...entries: Json[]): SingleFrame => ({ type: 'transcript', projectKey: '-workspace', entries });
const user = (uuid: string, content: Json = 'words') => ({ type: 'user', uuid, message: { content } });
const claude = (stop_reason: string, block: Json) => ({
  type: 'assistant',
  uuid: newId(),
  message: { id: 'm', model: 'claude', stop_reason, content: [block] },
});
const calls = claude('tool_use', { type: 'tool_use', id: 't', name: 'Bash' });
const done = claude('end_turn', { type: 'text', text: 'Done' });
const turn = (
  uuid: string | null,
  text = 'Done',
  more: Partial<Extract<SingleFrame, { type: 'turn' }>> = {},
): SingleFrame => ({
  type: 'turn',
  prompt: uuid,
  isError: false,
  subtype: 'success',
  terminalReason: null,
  apiStatus: null,
  text,
  durationMs: 5,
  tokens: [],
  ...more,
});
const texts = () => settled.map(({ key, outcome }) => [key, outcome.ok && (outcome.value as { text: string }).text]);

describe('a session whose container is replaced', () => {
  it('begins anew: another container, its numbers from 1, the image in use now', async () => {
    await change({ down_queued: 9 });
    await temporary.store.write(async (tx) => {
      await replaceContainer(tx, await row(), { image: newImage, problem: problem() }, sinks);
    });
    expect(await row()).toMatchObject({
      state: 'starting',
      container: null,
      replaces: 'first',
      image: 'new',
      up_committed: 0,
      down_queued: 0,
      losses: 1,
    });
    expect((await events()).map(({ payload }) => payload)).toEqual([
      { session, state: 'resumed', image: 'new', digest: 'sha256:new', detail: 'It was killed' },
    ]);
  });

  it('N1. gives the waiting call one outcome, that of the turn when it ends in the next container', async () => {
    await beginTurn();
    await lose();
    await commit(turn('p1', 'In the end'));
    await commit(turn('p1', 'In the end'));
    expect(texts()).toEqual([['call', 'In the end']]);
  });

  it('N1. takes no other turn for the one that is waited for', async () => {
    await beginTurn();
    await commit(turn('another', 'Not this'), turn(null, 'Nor this', { byItself: true }));
    expect(settled).toEqual([]);
    expect((await events()).map(({ kind }) => kind)).toEqual([]);
    await commit(turn(null, 'This', { isError: true, subtype: 'error_during_execution' }));
    expect(settled).toMatchObject([{ key: 'call', outcome: { ok: false } }]);
  });

  it('N2. ends a turn whose end Claude remembers, and says nothing to Claude', async () => {
    await beginTurn();
    await commit(remembers(user('p1'), calls, user('r', [{ type: 'tool_result' }]), done));
    await lose();
    expect(texts()).toEqual([['call', 'Done']]);
    expect(await outbox()).toEqual([]);
    expect((await events()).map(({ kind }) => kind)).toEqual(['turn', 'session']);
    expect(await row()).toMatchObject({ turn_call: null, turn_prompt: null, turn_frame: null });
  });

  it('N3. says a prompt again that Claude does not remember', async () => {
    await beginTurn();
    await commit(remembers(user('p0'), done));
    await lose();
    expect(await outbox()).toEqual([{ n: 1, frame: prompt }]);
    expect(await row()).toMatchObject({ turn_call: 'call', turn_prompt: 'p1', down_queued: 1 });
  });

  it('N3. says a prompt again that was not answered, and forgets that it was said', async () => {
    await beginTurn();
    await commit(remembers(user('p0'), done), remembers(user('p1'), { type: 'attachment', uuid: 'a' }));
    await lose();
    expect(await outbox()).toEqual([{ n: 1, frame: prompt }]);
    const lines: string[] = [];
    for await (const line of transcriptLines(temporary.store, session)) lines.push(line);
    expect(lines.join('')).not.toContain('p1');
    expect(lines.at(-1)).toBe('{"end":2}\n');
  });

  it('N3. tells Claude that an answer it had begun was cut off, and people what Claude is told', async () => {
    await beginTurn();
    await commit(remembers(user('p1'), calls));
    await lose();
    const [{ frame } = { frame: undefined }] = await outbox();
    expect(frame).toMatchObject({ type: 'notice', text: cutOffNotice });
    expect(frame).not.toMatchObject({ uuid: 'p1' });
    const now = await row();
    expect(now).toMatchObject({ turn_call: 'call', turn_frame: JSON.stringify(frame) });
    expect((await events()).at(-1)?.payload).toMatchObject({ detail: expect.stringContaining(cutOffNotice) });
    await commit(turn(now.turn_prompt, 'After all'));
    expect(texts()).toEqual([['call', 'After all']]);
  });

  it('N3. tells Claude of the memory when that was the cause', async () => {
    await beginTurn();
    await commit(remembers(user('p1'), calls));
    await lose('container_out_of_memory');
    const [{ frame } = { frame: undefined }] = await outbox();
    expect(frame).toMatchObject({ type: 'notice', text: expect.stringMatching(/more memory than it has/) });
  });

  it('N3. says a notice again that the next container did not get to, and tells anew of one it began to answer', async () => {
    await beginTurn();
    await commit(remembers(user('p1'), calls));
    await lose();
    const first = await outbox();
    await lose();
    expect(await outbox()).toEqual(first);
    await commit(remembers(user((await row()).turn_prompt ?? ''), calls));
    await lose();
    const [third] = await outbox();
    expect(third?.frame).toMatchObject({ type: 'notice' });
    expect(third).not.toEqual(first[0]);
  });

  it('N4. withdraws what was asked, and passes on no answer to it', async () => {
    await beginTurn();
    await commit(remembers(user('p1'), calls));
    const ask = { kind: 'tool', tool: 'Bash', input: {}, toolUseId: 't' } as const;
    await commit({ type: 'ask', requestId: 'r1', ask }, { type: 'ask', requestId: 'r2', ask });
    const verdict = { behavior: 'allow' } as const;
    const later: DownFrame = { type: 'prompt', uuid: 'p2', text: 'and this' };
    await temporary.store.write(async (tx) => {
      await queueDown(tx, session, prompt);
      await queueDown(tx, session, { type: 'answer', requestId: 'r1', verdict });
      await queueDown(tx, session, later);
    });
    await lose();
    expect(await sinks.inbox.listOpen({ limit: 10 })).toEqual([]);
    expect((await outbox()).map(({ frame }) => frame.type)).toEqual(['notice', 'prompt']);
    expect((await outbox()).at(-1)).toEqual({ n: 2, frame: later });
    await commit({ type: 'ask', requestId: 'r3', ask });
    expect(await sinks.inbox.listOpen({ limit: 10 })).toHaveLength(1);
  });

  it('tells people that nobody knows what came of a call without a result', async () => {
    await beginTurn();
    const use = (toolUseId: string): SingleFrame => ({
      type: 'tool_use',
      messageId: 'm',
      block: 0,
      toolUseId,
      tool: 'Bash',
      input: {},
    });
    const result: SingleFrame = { type: 'tool_result', toolUseId: 'a', isError: false, text: 'x', truncated: false };
    await commit(use('a'), result, use('b'));
    await lose();
    await lose();
    const told = (await events()).flatMap((event) => (event.kind === 'tool_result' ? [event.payload] : []));
    expect(told.map(({ toolUseId, isError }) => [toolUseId, isError])).toEqual([
      ['a', false],
      ['b', true],
    ]);
  });

  it('has something to resume once somebody has said a word', async () => {
    expect(await hasConversation(temporary.store, session)).toBe(false);
    await commit(remembers({ type: 'queue-operation' }), {
      ...remembers(user('s')),
      subpath: 'subagents/agent-1',
    } as SingleFrame);
    expect(await hasConversation(temporary.store, session)).toBe(false);
    await commit(remembers(user('p1')));
    expect(await hasConversation(temporary.store, session)).toBe(true);
  });
});

describe('afterLoss()', () => {
  const inTurn = (values: Partial<SessionRow> = {}): SessionRow => ({
    ...newSessionRow({ id: 'id', execution: 'e', name: 'main', image: 'i', token: 't' }, {}),
    state: 'live',
    turn_prompt: 'p1',
    ...values,
  });

  it('N5. replaces the first two containers in a row, and ends the session with the third', () => {
    expect([0, 1, 2].map((losses) => afterLoss(inTurn({ losses }), problem()).kind)).toEqual([
      'replace',
      'replace',
      'fail',
    ]);
    const last = afterLoss(inTurn({ losses: 2 }), problem());
    expect(last).toMatchObject({
      problem: { code: 'container_lost', detail: expect.stringContaining('It was killed') },
    });
    const memory = problem('container_out_of_memory');
    expect(afterLoss(inTurn({ losses: 1 }), memory).kind).toBe('replace');
    expect(afterLoss(inTurn({ losses: 2 }), memory)).toMatchObject({ problem: { code: memory.code } });
  });

  it('N5. counts anew once a tool has a result, but not for ever in one turn', async () => {
    await beginTurn();
    await change({ losses: 2 });
    await commit({ type: 'tool_result', toolUseId: 't', isError: false, text: '', truncated: false });
    expect(await row()).toMatchObject({ losses: 0 });
    expect(afterLoss(inTurn({ losses: 0, turn_losses: 19 }), problem())).toMatchObject({ kind: 'fail' });
    await change({ losses: 2, turn_losses: 12 });
    await commit(turn('p1'));
    expect(await row()).toMatchObject({ losses: 0, turn_losses: 0 });
  });

  it('N5. never ends a session that waits for a person, and lets it rest after the second loss', async () => {
    expect(afterLoss(inTurn({ turn_prompt: null, losses: 9 }), problem()).kind).toBe('replace');
    await lose();
    expect(isResting({ ...(await row()), container: null })).toBe(false);
    await lose();
    expect(isResting({ ...(await row()), container: null })).toBe(true);
    expect((await events()).at(-1)?.payload).toMatchObject({ state: 'resting' });
    expect(isResting(inTurn({ container: null, losses: 9 }))).toBe(false);
  });

  it.each(['workspace_full', 'container_failed'] as const)('leaves %s the answer it is', (code) => {
    expect(afterLoss(inTurn(), problem(code))).toEqual({ kind: 'fail', problem: problem(code) });
  });

  it.each(['ending', 'ended', 'lost'] as const)('replaces nothing for a session that is %s', (state) => {
    expect(afterLoss(inTurn({ state }), problem()).kind).toBe('over');
  });
});

describe('an answer that no container has taken', () => {
  const ada = { name: 'ada', role: 'admin' } as const;
  const bash = (command: string) => ({ kind: 'tool', tool: 'Bash', input: { command }, toolUseId: 't' }) as const;
  const asks = (requestId: string, ask: SessionAsk): SingleFrame => ({ type: 'ask', requestId, ask });
  const requests = async () =>
    (await events()).flatMap(({ kind, payload }) => (kind === 'request' ? [payload.request] : []));
  const answers = async () => (await events()).flatMap(({ kind, payload }) => (kind === 'answer' ? [payload] : []));

  /** Somebody answers what is asked, and the container is lost before it hears of it. */
  async function answerInVain(ask: SessionAsk, inputs: JsonObject): Promise<void> {
    await beginTurn();
    await commit(asks('r1', ask));
    const [request = ''] = await requests();
    await sinks.inbox.answer(request, inputs, ada);
    await lose();
  }

  const verdicts = async () => (await outbox()).flatMap(({ frame }) => (frame.type === 'answer' ? [frame] : []));

  it('N6. is used when the same is asked again, in whatever order its input comes, and once', async () => {
    const asked = { ...bash('make'), input: { command: 'make', timeout: 5 } };
    await answerInVain(asked, { decision: 'allow', updatedInput: { command: 'make -j' } });
    expect(await verdicts()).toEqual([]);
    const again = { ...asked, input: { timeout: 5, command: 'make' }, toolUseId: 'another' };
    await commit(asks('r2', again), asks('r3', again));
    expect(await verdicts()).toEqual([
      { type: 'answer', requestId: 'r2', verdict: { behavior: 'allow', updatedInput: { command: 'make -j' } } },
    ]);
    expect(await answers()).toMatchObject([
      { outcome: 'answered', by: 'ada' },
      { outcome: 'answered', by: 'ada', inputs: { decision: 'allow' } },
    ]);
    expect(await sinks.inbox.listOpen({ limit: 9 })).toHaveLength(1);
  });

  it('N6. holds for a denial, a question and a plan, too', async () => {
    await answerInVain(bash('rm'), { decision: 'deny', message: 'never' });
    await commit(asks('r2', bash('rm')));
    expect(await verdicts()).toMatchObject([{ requestId: 'r2', verdict: { behavior: 'deny', message: 'never' } }]);
    const plan = { kind: 'plan', toolUseId: 't', plan: '# Plan' } as const;
    await commit(asks('r3', plan));
    await sinks.inbox.answer((await requests()).at(-1) ?? '', { decision: 'allow' }, ada);
    await lose();
    await commit(asks('r4', plan));
    expect(await verdicts()).toMatchObject([{ requestId: 'r4', verdict: { behavior: 'allow' } }]);
  });

  it('N6. is not used for another call: that is asked, with what was decided on before', async () => {
    await answerInVain(bash('make'), { decision: 'allow' });
    await commit(asks('r2', { ...bash('make install'), changedFrom: { command: 'a lie' } }), asks('r3', bash('make')));
    expect(await verdicts()).toEqual([]);
    expect(await sinks.inbox.listOpen({ limit: 9 })).toMatchObject([
      { input: { command: 'make install' }, changedFrom: { command: 'make' } },
      { input: { command: 'make' } },
    ]);
  });

  it('N6. is over with the turn, and kept while one container after the other is lost', async () => {
    await answerInVain(bash('make'), { decision: 'allow' });
    await lose();
    await commit(asks('r2', bash('make')));
    expect(await verdicts()).toHaveLength(1);
    await lose();
    await commit(turn('p1'), asks('r3', bash('make')));
    expect(await verdicts()).toEqual([]);
    expect(await sinks.inbox.listOpen({ limit: 9 })).toHaveLength(1);
  });

  it('N6. that a container has taken is spent: it may have begun', async () => {
    await beginTurn();
    await commit(asks('r1', bash('make')));
    await sinks.inbox.answer((await requests())[0] ?? '', { decision: 'allow' }, ada);
    await temporary.store.write((tx) => clearOutbox(tx, session, 9));
    await lose();
    await commit(asks('r2', bash('make')));
    expect(await verdicts()).toEqual([]);
    expect(await sinks.inbox.listOpen({ limit: 9 })).toHaveLength(1);
  });
});
