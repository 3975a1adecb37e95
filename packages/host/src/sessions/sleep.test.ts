import { AirlockError } from '@airlock/protocol/errors';
import type { DownFrame, SingleFrame } from '@airlock/protocol/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createInbox } from '../inbox/inbox.ts';
import { addExecution } from '../log/fixtures.ts';
import { createLog } from '../log/log.ts';
import type { Placement } from '../placement/placement.ts';
import { newId } from '../store/ids.ts';
import { temporaryStore } from '../store/temporary.ts';
import { stillTimers } from '../timers/fixtures.ts';
import { commitFrame, type FrameSinks } from './frames.ts';
import { createLosses } from './losses.ts';
import type { MadeFiles } from './made-files.ts';
import { queueDown, readOutbox } from './outbox.ts';
import { createRequestOwner } from './request-owner.ts';
import { sendPrompt } from './send-prompt.ts';
import { newSessionRow, type SessionRow } from './session-row.ts';
import { fallAsleep, lieDown } from './sleep.ts';
import { createStallWatch } from './stall-watch.ts';
import { createSteering } from './steering.ts';

const idleAt = '2030-01-01T00:00:00.000Z';
const now = new Date('2030-01-01T00:10:00.000Z');
const fence = { host: 'h', epochOf: () => undefined };
const ada = { name: 'ada', role: 'admin' } as const;

const newImage = { reference: 'new', digest: 'sha256:new' };

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let sinks: FrameSinks;
let execution: string;
let session: string;

beforeEach(async () => {
  temporary = await temporaryStore();
  const { store } = temporary;
  const clock = () => now;
  const log = createLog(store, clock);
  const owner = () => createRequestOwner({ log, image: () => newImage, onReply: () => undefined });
  sinks = {
    log,
    inbox: createInbox({ store, log, timers: stillTimers(store, clock), clock, owner }),
    clock,
    onQueued: () => undefined,
    upstreamProblem: () => undefined,
    settle: () => Promise.resolve(),
  };
  execution = await addExecution(store);
  session = newId();
  const fresh = newSessionRow({ id: session, execution, name: 'main', image: 'old', token: 'token' }, {});
  await store.write(async ({ db }) => {
    await db.updateTable('executions').set({ owner: 'h' }).execute();
    await db
      .insertInto('sessions')
      .values({ ...fresh, state: 'live', container: 'c', idle_at: idleAt })
      .execute();
  });
});
afterEach(() => temporary.remove());

const row = () => temporary.store.db.selectFrom('sessions').selectAll().executeTakeFirstOrThrow();
const outbox = async () => (await readOutbox(temporary.store, session, 0)).map(({ n, frame }) => [n, frame]);
const states = async () =>
  (await sinks.log.read(execution, 0, 100)).flatMap((event) =>
    event.kind === 'session' ? [event.payload.state] : [event.kind],
  );
const change = (values: Partial<SessionRow>) =>
  temporary.store.write(async (tx) => void (await tx.db.updateTable('sessions').set(values).execute()));
const commit = (frame: SingleFrame) =>
  temporary.store.write(async (tx) => {
    const current = await tx.db.selectFrom('sessions').selectAll().executeTakeFirstOrThrow();
    await commitFrame(tx, current, frame, sinks);
  });
const sleepNow = (since = idleAt) =>
  temporary.store.write((tx) => fallAsleep(tx, { id: session, idleAt: since }, { fence, now }));
const ended = new AirlockError('container_lost', 'It ended with code 0');
const lie = () =>
  temporary.store.write(async (tx) => lieDown(tx, await row(), { image: newImage, problem: ended }, sinks));
const send = (text: string, key: string) =>
  temporary.store.write(async (tx) => sendPrompt(tx, sinks.log, await row(), { text, key, image: newImage }));
const steering = (onQueued: (id: string, slept: boolean) => void = () => undefined) =>
  createSteering({ ...sinks, store: temporary.store, onQueued, image: () => newImage });

const prompt: DownFrame = { type: 'prompt', uuid: 'p1', text: 'unheard' };
const ask: SingleFrame = {
  type: 'ask',
  requestId: 'r',
  ask: { kind: 'tool', tool: 'Bash', input: {}, toolUseId: 't' },
};
const message: SingleFrame = { type: 'message', messageId: 'm', block: 0, text: 'Still here' };
const turn: SingleFrame = {
  type: 'turn',
  prompt: null,
  isError: false,
  subtype: 'success',
  terminalReason: null,
  apiStatus: null,
  text: 'Done',
  durationMs: 5,
  tokens: [],
};

describe('falling asleep', () => {
  it('H11. tells the runner of an idle session to end, and nothing else', async () => {
    expect(await sleepNow()).toBe(true);
    expect(await row()).toMatchObject({ state: 'hibernating', container: 'c', idle_at: now.toISOString() });
    expect(await outbox()).toEqual([[1, { type: 'end' }]]);
    expect(await sleepNow()).toBe(false);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['has a turn in progress', () => change({ turn_prompt: 'p1' })],
    ['has asked a person', async () => [await commit(ask), await change({ idle_at: idleAt })]],
    ['has not heard all', () => temporary.store.write((tx) => queueDown(tx, session, prompt))],
    [
      'uses a tool of the service',
      async () => {
        await commit({ type: 'tool_call', callId: 'c', toolUseId: 't', tool: 'order', input: {} });
        await change({ idle_at: idleAt });
      },
    ],
    ['has done something since', () => change({ idle_at: now.toISOString() })],
    ['is at work', () => commit(message)],
    ['has no container', () => change({ container: null })],
    ['is ending', () => change({ state: 'ending' })],
    ['sleeps', () => change({ state: 'hibernated' })],
    [
      'is another host’s',
      () => temporary.store.write((tx) => tx.db.updateTable('executions').set({ owner: 'o' }).execute()),
    ],
  ])('H11. is not for a session that %s', async (_, begin) => {
    await begin();
    const before = await row();
    expect(await sleepNow()).toBe(false);
    expect(await row()).toEqual(before);
  });

  it('H11. begins once a turn has ended, whoever began it, and not while something is done', async () => {
    await commit(message);
    expect((await row()).idle_at).toBeNull();
    await commit({ ...turn, byItself: true, text: '' } as SingleFrame);
    expect((await row()).idle_at).toBe(now.toISOString());
    await send('go on', 'call');
    expect((await row()).idle_at).toBeNull();
    await commit(turn);
    expect((await row()).idle_at).toBe(now.toISOString());
    await steering().say(session, 'one more thing', ada);
    expect((await row()).idle_at).toBeNull();
  });

  it('H11. is not undone by what its runner says last', async () => {
    await sleepNow();
    for (const last of [message, turn, { type: 'ended' }, { type: 'failure', error: ended.toBody() }] as const) {
      await commit(last);
    }
    await commit({ type: 'ready', model: 'm', cliVersion: '2', tools: [] });
    expect(await row()).toMatchObject({ state: 'hibernating', idle_at: now.toISOString() });
  });
});

describe('what is said to a session', () => {
  it('H12. while it falls asleep waits for the next container, once and in order', async () => {
    await sleepNow();
    await send('the answer', 'call');
    await steering().say(session, 'and a word', ada);
    await steering().change(session, { model: 'another' }, ada);
    await steering().interrupt(session, ada);
    expect(await row()).toMatchObject({ state: 'hibernating', idle_at: now.toISOString() });
    expect(await lie()).toBe('woken');
    expect(await outbox()).toMatchObject([
      [1, { type: 'prompt', text: 'the answer' }],
      [2, { type: 'prompt', text: 'and a word' }],
    ]);
    expect(await row()).toMatchObject({
      state: 'starting',
      image: 'new',
      container: null,
      replaces: 'c',
      turn_call: 'call',
      down_queued: 2,
      up_committed: 0,
      options: JSON.stringify({ ...JSON.parse((await row()).options), model: 'another' }),
    });
    expect((await states()).slice(-2)).toEqual(['hibernated', 'resumed']);
  });

  it('H14. while it sleeps wakes it in the same write, with the image in use now', async () => {
    await sleepNow();
    expect(await lie()).toBe('asleep');
    expect(await row()).toMatchObject({ state: 'hibernated', container: null, idle_at: null });
    expect(await outbox()).toEqual([]);
    await send('the answer', 'call');
    expect(await row()).toMatchObject({ state: 'starting', image: 'new', turn_call: 'call' });
    expect(await outbox()).toMatchObject([[1, { type: 'prompt', text: 'the answer' }]]);
    expect(await states()).toEqual(['hibernated', 'resumed', 'prompt']);
    const events = await sinks.log.read(execution, 0, 100);
    expect(events[1]?.payload).toMatchObject({ image: 'new', detail: 'It wakes in another image than before' });
  });

  it('H14. by a person wakes it too; a setting is kept for later, and a stop stops nothing', async () => {
    await sleepNow();
    await lie();
    const told: [string, boolean][] = [];
    const steers = steering((...queued) => told.push(queued));
    await steers.change(session, { permissionMode: 'acceptEdits' }, ada);
    await steers.interrupt(session, ada);
    expect(await row()).toMatchObject({ state: 'hibernated', grants: '[{"type":"setMode","mode":"acceptEdits"}]' });
    expect([await outbox(), told]).toEqual([[], []]);
    await steers.say(session, 'wake up', ada);
    expect(await row()).toMatchObject({ state: 'starting' });
    expect([await outbox(), told]).toMatchObject([[[1, { type: 'prompt', text: 'wake up' }]], [[session, true]]]);
  });
});

describe('the container of a session that falls asleep', () => {
  let done: string[];
  let onKeep: () => Promise<unknown>;

  /** The container has ended; whatever happens to it is written down with what the store then says. */
  async function end(remove: () => Promise<void> = () => Promise.resolve()): Promise<'replaced' | 'over'> {
    const note = async (what: string) => done.push(`${what}: ${(await row()).state}`);
    const losses = createLosses({
      ...sinks,
      store: temporary.store,
      placement: {
        remove: async (id: string) => {
          await note(`removed ${id}`);
          await remove();
        },
      } as unknown as Placement,
      wire: { forget: () => undefined },
      room: { leave: () => void done.push('room') },
      sinks,
      stalls: createStallWatch(() => 0),
      made: {
        collectLast: async () => {
          await note('kept');
          await onKeep();
        },
        forget: () => undefined,
      } as unknown as MadeFiles,
      image: () => newImage,
      logger: { debug: () => undefined, warn: () => undefined },
    });
    return await losses.gone(session, 'c', ended);
  }

  beforeEach(async () => {
    done = [];
    onKeep = () => Promise.resolve();
    await sleepNow();
  });

  it('H13. goes after its files are kept and it is stored that it sleeps', async () => {
    expect(await end()).toBe('over');
    expect(done).toEqual(['kept: hibernating', 'removed c: hibernated', 'room']);
    expect(await row()).toMatchObject({ state: 'hibernated', container: null, replaces: null });
  });

  it('H13. is known to be in the way when it cannot be removed', async () => {
    await end(() => Promise.reject(new AirlockError('engine_unreachable', 'It restarts')));
    expect(await row()).toMatchObject({ state: 'hibernated', container: null, replaces: 'c' });
  });

  it('H12. is replaced at once when something was said at the very last moment', async () => {
    onKeep = () => send('the answer', 'call');
    expect(await end()).toBe('replaced');
    expect(done).toEqual(['kept: hibernating']);
    expect(await row()).toMatchObject({ state: 'starting', replaces: 'c', turn_call: 'call' });
  });

  it('ends with its session when that was ended meanwhile', async () => {
    onKeep = async () => {
      onKeep = () => Promise.resolve();
      await change({ state: 'ending' });
    };
    expect(await end()).toBe('over');
    expect((await row()).state).toBe('ended');
  });
});
