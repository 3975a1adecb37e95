import { randomUUID } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { AirlockError, type ErrorCode } from '@airlock/protocol/errors';
import type { DownFrame, UpFrame } from '@airlock/protocol/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addExecution } from '../log/fixtures.ts';
import { createLog } from '../log/log.ts';
import type { ContainerState, Placement } from '../placement/placement.ts';
import { newId } from '../store/ids.ts';
import { temporaryStore } from '../store/temporary.ts';
import type { HostHello, Wire, WireHandlers } from '../wire/wire.ts';
import { createLink, type Link, type LinkDeps } from './link.ts';
import { createLinks } from './links.ts';
import { queueDown } from './outbox.ts';
import { createRoom, type Room } from './room.ts';
import { newSessionRow, type SessionRow } from './session-row.ts';

interface FakeWire {
  readonly hello: HostHello;
  readonly handlers: WireHandlers;
  readonly sent: Array<{ n: number; frame: DownFrame }>;
  close(): void;
}

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let session: string;
let starts: number;
/** The start that the engine does not answer, counted from 1. */
let failingStart: number;
let onStart: () => void;
let wires: FakeWire[];
let onWire: () => void;
let downTaken: number;
let state: () => Promise<ContainerState>;
let committed: UpFrame[];
let lost: Promise<AirlockError>;
let sayLost: (problem: AirlockError) => void;
let told: string[];
/** Whether a container that is gone is replaced. */
let replacing: boolean;
let removed: string[];
let failure: ErrorCode;
let bringing: () => Promise<void> = () => Promise.resolve();
let link: Link | undefined;
/** Room for one container, which somebody else may have. */
let room: Room;

const unused = () => Promise.reject(new RangeError('not used here'));

const placement: Placement = {
  start: () => {
    starts += 1;
    onStart();
    if (starts === failingStart) return Promise.reject(new AirlockError(failure, 'It restarts'));
    return Promise.resolve({ id: randomUUID(), session });
  },
  settle: () => Promise.resolve(),
  claim: () => Promise.resolve(),
  bridge: () => Promise.resolve(new PassThrough()),
  inspect: () => state(),
  waitExit: unused,
  lastWords: () => Promise.resolve('its last words'),
  log: () => Promise.resolve([]),
  look: () => Promise.reject(new RangeError('Not used')),
  workspaceBytes: unused,
  remove: (id) => Promise.resolve(void removed.push(id)),
  removeWorkspace: unused,
  listWorkspaces: unused,
  unpack: unused,
  findFiles: unused,
  pack: unused,
  scan: unused,
  packPaths: unused,
  startReader: unused,
  removeReader: unused,
  run: unused,
  list: unused,
};

/** A wire whose other end is the test. */
function openFakeWire({ hello, handlers }: { hello: HostHello; handlers: WireHandlers }): Promise<Wire> {
  const closed = Promise.withResolvers<{ reason: string }>();
  const sent: FakeWire['sent'] = [];
  const close = () => closed.resolve({ reason: 'closed by the test' });
  wires.push({ hello, handlers, sent, close });
  onWire();
  return Promise.resolve({
    downTaken,
    closed: closed.promise,
    close,
    send: (n, frame) => {
      sent.push({ n, frame });
      onWire();
    },
  });
}

const deps = (): LinkDeps => ({
  fence: { host: 'h', epochOf: () => undefined },
  store: temporary.store,
  placement,
  room,
  openWire: openFakeWire,
  specOf: () => Promise.resolve({ session: newId(), tokenHash: '0'.repeat(64), orphanMs: 1 }),
  commit: (_tx, _row, frame) => Promise.resolve(void committed.push(frame)),
  onLive: () => undefined,
  onModel: unused,
  onMcp: unused,
  onTranscript: async function* () {
    yield 'a line';
  },
  bringFiles: () => bringing(),
  onWireOpen: (_row, again) => Promise.resolve(void (again && told.push('attached'))),
  onWireClosed: () => undefined,
  onUnreachable: () => Promise.resolve(void told.push('unreachable')),
  onLost: (_session, problem) => Promise.resolve(sayLost(problem)),
  async onGone(id, container, problem) {
    sayLost(problem);
    if (!replacing) return 'over';
    const next = { container: null, replaces: container, down_queued: 0, up_committed: 0 };
    await temporary.store.write(async (tx) => {
      await tx.db.updateTable('sessions').set(next).where('id', '=', id).execute();
      await tx.db.deleteFrom('outbox').execute();
    });
    return 'replaced';
  },
  withCaches: (_row, _signal, work) => work([]),
  log: { debug: () => undefined, warn: () => undefined },
  pause: () => new Promise((resolve) => setImmediate(resolve)),
});

beforeEach(async () => {
  temporary = await temporaryStore();
  bringing = () => Promise.resolve();
  failure = 'engine_unreachable';
  [starts, failingStart, downTaken, wires, committed, told, removed, replacing] = [0, 0, 0, [], [], [], [], false];
  onWire = () => undefined;
  onStart = () => undefined;
  state = () => Promise.resolve({ kind: 'running' });
  ({ promise: lost, resolve: sayLost } = Promise.withResolvers<AirlockError>());
  const log = createLog(temporary.store, () => new Date(0));
  const budget = { cpus: 1, memoryBytes: 2 ** 30 };
  room = createRoom({ store: temporary.store, log, clock: () => new Date(0), budget });
  session = newId();
  const execution = await addExecution(temporary.store);
  await temporary.store.write(async (tx) => {
    await tx.db.updateTable('executions').set({ owner: 'h' }).execute();
    await tx.db
      .insertInto('sessions')
      .values(newSessionRow({ id: session, execution, name: 'main', image: 'image', token: 'token' }, {}))
      .execute();
  });
});
afterEach(async () => {
  await link?.stop();
  await temporary.remove();
});

/** The wire opened as number `n`, counting from 1, once there is one. */
async function wireNumber(n: number): Promise<FakeWire> {
  await happens(() => wires.length >= n);
  const wire = wires[n - 1];
  if (!wire) throw new RangeError(`no wire ${n}`);
  return wire;
}

/** Resolves as soon as a wire opened or a frame was sent that makes it true. */
function happens(isSo: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    onWire = () => {
      if (isSo()) resolve();
    };
    onWire();
  });
}

/** Lets the first container end by itself, and the next one run. */
async function loseContainer(): Promise<FakeWire> {
  const first = await wireNumber(1);
  state = () => {
    state = () => Promise.resolve({ kind: 'running' });
    return Promise.resolve({ kind: 'exited', code: 1, outOfMemory: false });
  };
  first.close();
  return first;
}

const change = (values: Partial<SessionRow>) =>
  temporary.store.write(async (tx) => {
    await tx.db.updateTable('sessions').set(values).execute();
  });
const row = () => temporary.store.db.selectFrom('sessions').selectAll().executeTakeFirstOrThrow();
const note = (text: string): UpFrame => ({ type: 'note', text });
const say = (text: string) =>
  temporary.store.write((tx) => queueDown(tx, session, { type: 'prompt', uuid: randomUUID(), text }));

describe('a link', () => {
  it('L1. starts one container and knows it before a wire is opened', async () => {
    link = createLink(session, deps());
    const first = await wireNumber(1);
    expect(first.hello.container).toBe((await row()).container);
    first.close();
    const second = await wireNumber(2);
    expect(second.hello.container).toBe(first.hello.container);
    expect(starts).toBe(1);
    expect(told).toEqual(['attached']);
  });

  it('L1. starts another once it is stored that the first is gone, and removes that', async () => {
    replacing = true;
    link = createLink(session, deps());
    const first = await loseContainer();
    const second = await wireNumber(2);
    expect(starts).toBe(2);
    expect(second.hello.container).not.toBe(first.hello.container);
    expect(removed).toEqual([first.hello.container]);
    expect(await row()).toMatchObject({ container: second.hello.container, replaces: null });
    expect(told).toEqual([]);
  });

  it('L1. starts no other while the session rests, and does when there is something to do', async () => {
    replacing = true;
    await change({ losses: 2 });
    const startedFor: (string | null)[] = [];
    const specOf: LinkDeps['specOf'] = (of) => {
      startedFor.push(of.turn_prompt);
      return deps().specOf(of);
    };
    link = createLink(session, { ...deps(), specOf });
    await row();
    link.pump();
    await change({ turn_prompt: 'the uuid of a prompt' });
    link.pump();
    await wireNumber(1);
    expect(startedFor).toEqual(['the uuid of a prompt']);
  });

  it('L1. starts none before there is room, and none at all when the session ends meanwhile', async () => {
    const before = { ...(await row()), id: newId() };
    await room.hold(before);
    link = createLink(session, deps());
    await expect.poll(() => room.before(session)).toBe(0);
    link.pump();
    expect(starts).toBe(0);
    room.leave(before.id);
    await wireNumber(1);
    expect(await row()).toMatchObject({ queued_at: null });
    await link.stop();
    room.leave(session);
    await room.hold(before);
    await change({ container: null });
    link = createLink(session, deps());
    await expect.poll(() => room.before(session)).toBe(0);
    await change({ state: 'ending' });
    link.pump();
    await link.finished;
    expect(starts).toBe(1);
  });

  it('L1. knows a container that was starting when the link was stopped', async () => {
    const stopped = Promise.withResolvers<void>();
    onStart = () => void link?.stop().then(stopped.resolve);
    link = createLink(session, deps());
    await stopped.promise;
    expect((await row()).container).not.toBeNull();
    expect(wires).toEqual([]);
  });

  it('L6. says a prompt once the files given before are there, and tries again in the next wire', async () => {
    let tries = 0;
    const there = Promise.withResolvers<void>();
    bringing = () => {
      tries += 1;
      return tries === 1 ? Promise.reject(new AirlockError('container_lost', 'cut off')) : there.promise;
    };
    await say('read it');
    link = createLink(session, deps());
    const second = await wireNumber(2);
    expect([...(wires[0]?.sent ?? []), ...second.sent]).toEqual([]);
    there.resolve();
    await happens(() => second.sent.length > 0);
    expect(second.sent).toMatchObject([{ frame: { type: 'prompt', text: 'read it' } }]);
    expect(tries).toBe(2);
  });

  it('L6. says nothing to a session whose workspace cannot take them, and loses it', async () => {
    bringing = () => Promise.reject(new AirlockError('workspace_full', 'The files given do not fit'));
    await say('read it');
    link = createLink(session, deps());
    expect(await lost).toMatchObject({ code: 'workspace_full' });
    expect((await wireNumber(1)).sent).toEqual([]);
  });

  it('L1. starts none for a session that is ending', async () => {
    await change({ state: 'ending' });
    link = createLink(session, deps());
    await link.finished;
    expect(starts).toBe(0);
  });

  it('L2. opens every wire under a higher epoch and commits nothing that came under an older one', async () => {
    link = createLink(session, deps());
    const first = await wireNumber(1);
    first.close();
    const second = await wireNumber(2);
    expect(second.hello.epoch).toBeGreaterThan(first.hello.epoch);
    await expect(first.handlers.onUp(1, note('late'))).rejects.toMatchObject({ code: 'wire_refused' });
    await second.handlers.onUp(1, note('in time'));
    expect(committed).toEqual([note('in time')]);
  });

  it('O2. commits nothing once another host has the execution', async () => {
    link = createLink(session, deps());
    const wire = await wireNumber(1);
    await temporary.store.write((tx) => tx.db.updateTable('executions').set({ owner: 'another' }).execute());
    await expect(wire.handlers.onUp(1, note('late'))).rejects.toMatchObject({ code: 'wire_refused' });
    expect(committed).toEqual([]);
  });

  it('L2. commits nothing that comes late from a container that was replaced', async () => {
    replacing = true;
    link = createLink(session, deps());
    const first = await loseContainer();
    const second = await wireNumber(2);
    await expect(first.handlers.onUp(1, note('late'))).rejects.toMatchObject({ code: 'wire_refused' });
    await second.handlers.onUp(1, note('in time'));
    expect(committed).toEqual([note('in time')]);
  });

  it('L3. commits the frames of a container without gap or repeat', async () => {
    link = createLink(session, deps());
    const { handlers } = await wireNumber(1);
    await handlers.onUp(1, note('one'));
    await expect(handlers.onUp(1, note('one'))).rejects.toThrow();
    await expect(handlers.onUp(3, note('three'))).rejects.toThrow();
    await handlers.onUp(2, note('two'));
    expect(committed).toEqual([note('one'), note('two')]);
    expect((await row()).up_committed).toBe(2);
  });

  it('L4. sends what is queued in order, and again until the runner has taken it', async () => {
    await say('one');
    await say('two');
    link = createLink(session, deps());
    const first = await wireNumber(1);
    await happens(() => first.sent.length === 2);
    expect(first.sent.map(({ n }) => n)).toEqual([1, 2]);
    downTaken = 1;
    first.close();
    const second = await wireNumber(2);
    await happens(() => second.sent.length === 1);
    await say('three');
    link.pump();
    await happens(() => second.sent.length === 2);
    expect(second.sent.map(({ n }) => n)).toEqual([2, 3]);
  });

  it('L4. numbers what it sends anew for another container, whatever the lost one still acknowledges', async () => {
    replacing = true;
    await say('one');
    await say('two');
    link = createLink(session, deps());
    const first = await loseContainer();
    const second = await wireNumber(2);
    await say('again');
    link.pump();
    await happens(() => second.sent.length === 1);
    first.handlers.onDownAck(2);
    await second.handlers.onUp(1, note('nothing was taken yet'));
    expect(second.sent.map(({ n }) => n)).toEqual([1]);
    expect(await temporary.store.db.selectFrom('outbox').select('n').execute()).toEqual([{ n: 1 }]);
  });

  it('H12. tells a container nothing more once it was told to end, in this wire and the next', async () => {
    const end = () => temporary.store.write((tx) => queueDown(tx, session, { type: 'end' }));
    link = createLink(session, deps());
    const first = await wireNumber(1);
    await change({ state: 'hibernating' });
    await end();
    await say('for the next container');
    link.pump();
    await happens(() => first.sent.length === 1);
    first.close();
    const second = await wireNumber(2);
    await happens(() => second.sent.length === 1);
    downTaken = 1;
    await second.handlers.onUp(1, note('the outbox is cleared'));
    second.close();
    const third = await wireNumber(3);
    link.pump();
    await third.handlers.onUp(2, note('whatever was pumped was sent before this'));
    await link.stop();
    expect([first, second, third].map(({ sent }) => sent.map(({ n }) => n))).toEqual([[1], [1], []]);
  });

  it('H12. tells one that puts off a call nothing more, unless it says that it stays', async () => {
    const queue = (frame: DownFrame) => temporary.store.write((tx) => queueDown(tx, session, frame));
    await queue({ type: 'put_off', requestId: 't' });
    await queue({ type: 'interrupt' });
    link = createLink(session, deps());
    const first = await wireNumber(1);
    await happens(() => first.sent.length === 1);
    await change({ state: 'hibernating' });
    downTaken = 1;
    first.close();
    const second = await wireNumber(2);
    link.pump();
    await second.handlers.onUp(1, note('whatever was pumped was sent before this'));
    expect([first, second].map(({ sent }) => sent.map(({ n }) => n))).toEqual([[1], []]);
    await second.handlers.onUp(2, { type: 'not_put_off', requestId: 't' });
    await happens(() => second.sent.length === 1);
    expect(second.sent).toEqual([{ n: 2, frame: { type: 'interrupt' } }]);
  });

  it('H14. is made anew for a session that wakes while the link it had is about to end', async () => {
    replacing = true;
    const links = createLinks({
      ...deps(),
      async onGone(...gone) {
        await deps().onGone(...gone);
        links.rouse(session, true);
        return 'over';
      },
    });
    links.connect(session);
    const first = await loseContainer();
    const second = await wireNumber(2);
    expect(second.hello.container).not.toBe(first.hello.container);
    expect(links.sessions()).toEqual([session]);
    await links.disconnect(session);
    await links.finished(session);
    expect(links.sessions()).toEqual([]);
  });

  it('L5. gives a container up when it is known to be gone, with its last words', async () => {
    link = createLink(session, deps());
    await loseContainer();
    expect(await lost).toMatchObject({ code: 'container_lost', detail: expect.stringContaining('its last words') });
  });

  it.each(['engine_unreachable', 'image_missing'] as const)('L5. waits when a session is to wake: %s', async (code) => {
    failure = code;
    await change({ epoch: 3 });
    failingStart = 1;
    link = createLink(session, deps());
    await wireNumber(1);
    expect([starts, told]).toEqual([2, ['unreachable']]);
  });

  it('L5. is lost at once when there is no image for its first container', async () => {
    failure = 'image_missing';
    failingStart = 1;
    link = createLink(session, deps());
    expect(await lost).toMatchObject({ code: 'image_missing' });
    expect(starts).toBe(1);
  });

  it('L5. waits for an engine that is away when the next container is to start', async () => {
    replacing = true;
    failingStart = 2;
    link = createLink(session, deps());
    await loseContainer();
    const second = await wireNumber(2);
    expect(starts).toBe(3);
    expect(told).toEqual(['unreachable']);
    expect((await row()).container).toBe(second.hello.container);
  });

  it('L5. is not lost because the engine cannot be asked, which it tells once', async () => {
    link = createLink(session, deps());
    const first = await wireNumber(1);
    state = () => Promise.reject(new RangeError('no engine'));
    first.close();
    (await wireNumber(2)).close();
    await wireNumber(3);
    expect(told.filter((each) => each === 'unreachable').length).toBeLessThanOrEqual(2);
    expect((await row()).state).toBe('starting');
  });
});
