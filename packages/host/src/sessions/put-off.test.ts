import { AirlockError } from '@airlock/protocol/errors';
import type { Json } from '@airlock/protocol/json';
import type { Outcome } from '@airlock/protocol/service-channel';
import type { DownFrame, SingleFrame } from '@airlock/protocol/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createInbox } from '../inbox/inbox.ts';
import { addExecution } from '../log/fixtures.ts';
import { createLog } from '../log/log.ts';
import type { Placement } from '../placement/placement.ts';
import { newId } from '../store/ids.ts';
import { temporaryStore } from '../store/temporary.ts';
import { stillTimers } from '../timers/fixtures.ts';
import { abandonTurn } from './abandon.ts';
import { commitFrame, type FrameSinks } from './frames.ts';
import { createLosses } from './losses.ts';
import type { MadeFiles } from './made-files.ts';
import { clearOutbox, queueDown, readOutbox } from './outbox.ts';
import { toldOfPutOff } from './put-off.ts';
import { cutOffNotice } from './replacement.ts';
import { createRequestOwner } from './request-owner.ts';
import { newSessionRow, type SessionRow } from './session-row.ts';
import { fallAsleep } from './sleep.ts';
import { createStallWatch } from './stall-watch.ts';
import { createSteering } from './steering.ts';
import { transcriptLines } from './transcript.ts';

const now = new Date('2030-01-01T00:00:00.000Z');
const fence = { host: 'h', epochOf: () => undefined };
const ada = { name: 'ada', role: 'admin' } as const;
const newImage = { reference: 'new', digest: 'sha256:new' };
const image = () => newImage;

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let sinks: FrameSinks;
let execution: string;
let session: string;
let replied: string[];
let settled: Outcome[];

const prompt: DownFrame = { type: 'prompt', uuid: 'p1', text: 'do it' };

beforeEach(async () => {
  temporary = await temporaryStore();
  const { store } = temporary;
  const clock = () => now;
  const log = createLog(store, clock);
  replied = [];
  settled = [];
  const owner = () => createRequestOwner({ log, image, onReply: ({ state }) => void replied.push(state) });
  sinks = {
    log,
    inbox: createInbox({ store, log, timers: stillTimers(store, clock), clock, owner }),
    clock,
    onQueued: () => undefined,
    upstreamProblem: () => undefined,
    settle: (_tx, _execution, _key, outcome) => Promise.resolve(void settled.push(outcome)),
  };
  execution = await addExecution(store);
  session = newId();
  const fresh = newSessionRow({ id: session, execution, name: 'main', image: 'old', token: 'token' }, {});
  const turn = { turn_call: 'call', turn_prompt: 'p1', turn_frame: JSON.stringify(prompt) };
  await store.write(async ({ db }) => {
    await db.updateTable('executions').set({ owner: 'h' }).execute();
    await db
      .insertInto('sessions')
      .values({ ...fresh, ...turn, state: 'live', container: 'c' })
      .execute();
  });
  await commit(remembers(said, calls));
});
afterEach(() => temporary.remove());

const row = () => temporary.store.db.selectFrom('sessions').selectAll().executeTakeFirstOrThrow();
const outbox = async () => (await readOutbox(temporary.store, session, 0)).map(({ frame }) => frame);
const change = (values: Partial<SessionRow>) =>
  temporary.store.write(async (tx) => void (await tx.db.updateTable('sessions').set(values).execute()));
async function commit(...frames: SingleFrame[]): Promise<void> {
  for (const frame of frames) await temporary.store.write(async (tx) => commitFrame(tx, await rowIn(tx), frame, sinks));
}
const rowIn = (tx: Pick<typeof temporary.store, 'db'>) =>
  tx.db.selectFrom('sessions').selectAll().executeTakeFirstOrThrow();
const request = () =>
  temporary.store.db.selectFrom('requests').selectAll().orderBy('id', 'desc').executeTakeFirstOrThrow();
const answer = async (inputs = {}) => sinks.inbox.answer((await request()).id, { decision: 'allow', ...inputs }, ada);
const steering = () => createSteering({ ...sinks, store: temporary.store, onQueued: () => undefined, image });
const sleepNow = async () => {
  const { idle_at: idleAt } = await row();
  return temporary.store.write((tx) => fallAsleep(tx, { id: session, idleAt: idleAt ?? 'never' }, { fence, now }));
};
const states = async () =>
  (await sinks.log.read(execution, 0, 100)).flatMap((e) => (e.kind === 'session' ? [e.payload.state] : []));
const lines = async () => {
  const all: string[] = [];
  for await (const line of transcriptLines(temporary.store, session)) all.push(line);
  return all.map((line) => JSON.parse(line).entry?.uuid).filter((uuid) => uuid !== undefined);
};

const remembers = (...entries: Json[]): SingleFrame => ({ type: 'transcript', projectKey: '-workspace', entries });
const said = { type: 'user', uuid: 'p1', timestamp: '2029-12-31T23:00:00.000Z', message: { content: 'do it' } };
const calls = {
  type: 'assistant',
  uuid: 'calls',
  message: {
    id: 'm',
    model: 'claude',
    stop_reason: 'tool_use',
    content: [{ type: 'tool_use', id: 't', name: 'Bash' }],
  },
};
const marker = {
  type: 'attachment',
  uuid: 'off',
  parentUuid: 'calls',
  attachment: { type: 'hook_deferred_tool', toolUseID: 't' },
};
const after = { type: 'attachment', uuid: 'after', parentUuid: 'off', attachment: { type: 'prompt_snapshot' } };
const result = { type: 'user', uuid: 'result', parentUuid: 'calls', message: { content: [] } };
const bash = { kind: 'tool', tool: 'Bash', input: { command: 'ls' }, toolUseId: 't' } as const;
const ask = { type: 'ask', requestId: 't', ask: bash } as const;
const waits: SingleFrame = { type: 'waits', requestId: 't' };
const ended = new AirlockError('container_lost', 'It ended with code 0');

const losses = () =>
  createLosses({
    ...sinks,
    store: temporary.store,
    placement: { remove: () => Promise.resolve() } as unknown as Placement,
    wire: { forget: () => undefined },
    room: { leave: () => undefined },
    sinks,
    stalls: createStallWatch(() => 0),
    made: { collectLast: () => Promise.resolve(), forget: () => undefined } as unknown as MadeFiles,
    image,
    logger: { debug: () => undefined, warn: () => undefined },
  });

/** The container is gone. */
const lose = (container = 'c') => losses().gone(session, container, ended);

/** It was told to put off what it asks, and its container has ended. */
async function putToSleep(): Promise<void> {
  await commit(ask, waits);
  expect(await sleepNow()).toBe(true);
  await commit(remembers(marker, after));
  expect(await lose()).toBe('over');
  expect((await row()).state).toBe('hibernated');
}

describe('a session that asks a person something', () => {
  it('H11. is told to put it off once it is all there is to wait for', async () => {
    await commit(ask);
    expect((await row()).idle_at).toBeNull();
    await commit(waits);
    expect(await sleepNow()).toBe(true);
    expect(await row()).toMatchObject({ state: 'hibernating', turn_prompt: 'p1' });
    expect(await outbox()).toEqual([{ type: 'put_off', requestId: 't' }]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['was answered', () => answer()],
    ['was told something', () => steering().say(session, 'a word', ada)],
    ['has asked a second thing', () => commit({ ...ask, requestId: 'u', ask: { ...bash, toolUseId: 'u' } })],
    ['does something', () => commit({ type: 'message', messageId: 'm', block: 0, text: 'Well' })],
    [
      'uses a tool of the service',
      () => commit({ type: 'tool_call', callId: 'c', toolUseId: 'x', tool: 'o', input: {} }),
    ],
    [
      'has something to be told',
      () => temporary.store.write((tx) => queueDown(tx, session, { ...prompt, uuid: 'p2' })),
    ],
    ['has something in the background', () => change({ tasks: '[{"id":"t","kind":"k","about":"a"}]' })],
    ['asks it no more', () => commit({ type: 'ask_withdrawn', requestId: 't' })],
  ])('H11. is not when it %s', async (_, begin) => {
    await commit(ask, waits);
    await begin();
    expect(await sleepNow()).toBe(false);
    expect((await row()).state).toBe('live');
  });

  it.each<[string, Extract<SingleFrame, { type: 'ask' }>]>([
    ['the CLI itself', { ...ask, requestId: 'r' }],
    ['an MCP server', { type: 'ask', requestId: 'e', ask: { kind: 'elicitation', server: 's', message: 'm' } }],
  ])('H11. is not when it is %s that asks', async (_, frame) => {
    await commit(frame, { type: 'waits', requestId: frame.requestId });
    expect((await row()).idle_at).toBeNull();
    await change({ idle_at: now.toISOString() });
    expect(await sleepNow()).toBe(false);
  });

  it('stays as it was when its runner cannot, and may be told again later', async () => {
    await commit(ask, waits);
    await sleepNow();
    await commit({ type: 'not_put_off', requestId: 't' });
    expect(await row()).toMatchObject({ state: 'live', idle_at: null });
    expect(await sleepNow()).toBe(false);
    await commit(waits);
    expect(await sleepNow()).toBe(true);
  });

  it('H11. is not taken for one with nothing to do when it was answered in a turn that nobody waits for', async () => {
    for (const decide of [() => answer(), () => commit({ type: 'ask_withdrawn', requestId: 't' })]) {
      await change({ turn_call: null, turn_prompt: null });
      await commit(ask, waits);
      await decide();
      expect(await sleepNow()).toBe(false);
    }
    await change({ turn_call: 'call' });
    await commit(ask, waits);
    await temporary.store.write((tx) => abandonTurn(tx, execution, 'call', { ...sinks, image: newImage }));
    expect(await sleepNow()).toBe(false);
  });

  it('H12. hears what was said and set once its runner stays', async () => {
    await commit(ask, waits);
    await sleepNow();
    await steering().change(session, { model: 'another' }, ada);
    await steering().interrupt(session, ada);
    expect((await outbox()).map(({ type }) => type)).toEqual(['put_off', 'settings', 'interrupt']);
  });

  it('is not brought back by its runner once it is to end', async () => {
    await commit(ask, waits);
    await sleepNow();
    await change({ state: 'ending' });
    await commit({ type: 'not_put_off', requestId: 't' });
    expect((await row()).state).toBe('ending');
  });
});

describe('a session that sleeps in a turn', () => {
  it('H15. is in that turn, and asks what it asked', async () => {
    await putToSleep();
    expect(await row()).toMatchObject({ container: null, turn_call: 'call', turn_prompt: 'p1', idle_at: null });
    expect((await request()).status).toBe('open');
    expect([await outbox(), await states(), settled]).toEqual([[], ['hibernated'], []]);
  });

  it('H15. wakes in the write that answers, and is told nothing but what it asks about', async () => {
    await putToSleep();
    await answer();
    expect(await row()).toMatchObject({ state: 'starting', image: 'new', turn_prompt: 'p1' });
    expect([await outbox(), replied]).toEqual([[], ['hibernated']]);
    expect(await toldOfPutOff(temporary.store, await row())).toEqual({ prompt: 'p1', since: said.timestamp });
  });

  it('H15. sleeps on when something is said, which its next container hears', async () => {
    await putToSleep();
    await steering().say(session, 'a word', ada);
    await steering().change(session, { permissionMode: 'acceptEdits' }, ada);
    expect((await row()).state).toBe('hibernated');
    expect(await outbox()).toMatchObject([{ type: 'prompt', text: 'a word' }]);
    await answer();
    expect(await outbox()).toMatchObject([{ type: 'prompt', text: 'a word' }]);
    expect(await toldOfPutOff(temporary.store, await row())).toMatchObject({ prompt: 'p1' });
  });

  it.each([
    ['hears what was said while it fell asleep, after the answer', () => steering().say(session, 'a word', ada), false],
    ['wakes at once when it was answered while it fell asleep', () => answer(), true],
    ['wakes at once when it was stopped while it fell asleep', () => steering().interrupt(session, ada), true],
  ])('H15. %s', async (_, act, wakes) => {
    await commit(ask, waits);
    await sleepNow();
    await act();
    await commit(remembers(marker, after));
    expect(await lose()).toBe(wakes ? 'replaced' : 'over');
    expect((await row()).state).toBe(wakes ? 'starting' : 'hibernated');
    expect((await outbox()).map(({ type }) => type)).toEqual(wakes ? [] : ['prompt']);
  });

  it('H15. was lost in its turn when its transcript does not say that the call is put off', async () => {
    await commit(ask, waits);
    await sleepNow();
    await answer();
    expect(await lose()).toBe('replaced');
    expect(await row()).toMatchObject({
      state: 'starting',
      losses: 1,
      unspent: JSON.stringify([(await request()).id]),
    });
    expect(await outbox()).toMatchObject([{ type: 'notice', text: cutOffNotice }]);
    expect(await states()).toEqual(['resumed']);
  });

  it('H15. was so too when its runner had to be removed, and its turn has ended when Claude remembers that', async () => {
    await commit(ask, waits);
    await sleepNow();
    expect(await losses().asleep(session, 'c', ended)).toBe('replaced');
    expect(await row()).toMatchObject({ state: 'starting', losses: 1 });
    await temporary.store.write((tx) => clearOutbox(tx, session, 1));
    await change({ state: 'live', container: 'd', turn_prompt: 'p1' });
    await commit(ask, waits);
    expect(await sleepNow()).toBe(true);
    const message = { id: 'n', model: 'claude', stop_reason: 'end_turn', content: [{ type: 'text', text: 'Done' }] };
    await commit(remembers({ type: 'assistant', uuid: 'done', message }));
    expect(await lose('d')).toBe('replaced');
    expect(settled).toMatchObject([{ ok: true, value: { text: 'Done' } }]);
    expect((await row()).state).toBe('starting');
  });

  it('H15. was so too when nobody has answered, and what it asked is withdrawn', async () => {
    await commit(ask, waits);
    await sleepNow();
    await lose();
    expect([(await request()).status, (await row()).state]).toEqual(['withdrawn', 'starting']);
  });
});

describe('a call that was put off', () => {
  const told = async () => (await outbox()).filter(({ type }) => type === 'answer');

  it('H16. is answered as soon as it is asked about again, however often its container is lost before', async () => {
    await putToSleep();
    await answer({ updatedInput: { command: 'pwd' } });
    const verdict = { behavior: 'allow', updatedInput: { command: 'pwd' } };
    for (const container of ['d', 'e']) {
      await change({ container, state: 'live' });
      await commit(ask);
      expect(await told()).toEqual([{ type: 'answer', requestId: 't', verdict }]);
      expect(await lose(container)).toBe('replaced');
      expect(await row()).toMatchObject({ state: 'starting', turn_prompt: 'p1', unspent: null, idle_at: null });
      expect(await outbox()).toEqual([]);
    }
    expect(await temporary.store.db.selectFrom('requests').select('id').execute()).toHaveLength(1);
  });

  it.each([
    [
      'stopped',
      () => steering().interrupt(session, ada),
      { behavior: 'deny', message: 'Claude was stopped', interrupt: true },
    ],
    [
      'not answered in time',
      async () => sinks.inbox.fire({ kind: 'expiry', ref: (await request()).id }),
      { behavior: 'deny', message: 'Nobody answered in time' },
    ],
    [
      'given up by its service',
      () => temporary.store.write((tx) => abandonTurn(tx, execution, 'call', { ...sinks, image: newImage })),
      { behavior: 'deny', message: 'Claude was stopped', interrupt: true },
    ],
  ])('H16. wakes its session to hear that it was %s', async (_, act, verdict) => {
    await putToSleep();
    await act();
    expect([(await row()).state, await outbox()]).toEqual(['starting', []]);
    await change({ container: 'd' });
    await commit(ask);
    expect(await told()).toEqual([{ type: 'answer', requestId: 't', verdict }]);
  });

  it('H16. is asked of people anew when it is another, which no loss of a container withdraws', async () => {
    await putToSleep();
    await answer();
    await change({ container: 'd', state: 'live' });
    await commit({ ...ask, ask: { ...bash, input: { command: 'rm' } } });
    expect(await told()).toEqual([]);
    await lose('d');
    expect((await request()).status).toBe('open');
  });

  it('H16. is the only one whose answer is given twice', async () => {
    await commit(ask);
    await answer();
    await commit(ask);
    expect(await told()).toHaveLength(1);
    expect((await request()).status).toBe('open');
  });

  it('H16. is one like any other once its tool may have run: Claude is told that it was cut off', async () => {
    await putToSleep();
    await answer();
    await change({ container: 'd', state: 'live' });
    await commit(ask);
    await temporary.store.write((tx) => clearOutbox(tx, session, 1));
    await commit({ type: 'taken_up', toolUseId: 't' });
    // Whatever hung on it goes with it, and nothing else.
    expect(await lines()).toEqual(['p1', 'calls']);
    await lose('d');
    expect(await row()).toMatchObject({ unspent: null, losses: 1 });
    expect(await outbox()).toMatchObject([{ type: 'notice', text: cutOffNotice }]);
  });

  it('is lost when the CLI does not ask about it again, and its answer is not spent', async () => {
    await putToSleep();
    await answer();
    await change({ container: 'd', state: 'live' });
    await commit({ type: 'not_asked' });
    await lose('d');
    expect(await row()).toMatchObject({ unspent: JSON.stringify([(await request()).id]) });
    expect(await outbox()).toMatchObject([{ type: 'notice', text: cutOffNotice }]);
  });

  it('is none any more when it has a result', async () => {
    await putToSleep();
    await commit(remembers(result));
    expect(await toldOfPutOff(temporary.store, { ...(await row()), turn_prompt: null })).toBeUndefined();
  });

  it('is gone on with without a turn, and a turn that is still to be said is not', async () => {
    await putToSleep();
    expect(await toldOfPutOff(temporary.store, { ...(await row()), turn_prompt: null })).toEqual({});
    await temporary.store.write((tx) => queueDown(tx, session, { ...prompt, uuid: 'p2' }));
    expect(await toldOfPutOff(temporary.store, { ...(await row()), turn_prompt: 'p2' })).toEqual({});
  });
});
