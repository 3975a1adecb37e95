import { randomUUID } from 'node:crypto';
import { PassThrough } from 'node:stream';
import type { AirlockError } from '@airlock/protocol/errors';
import type { DownFrame, UpFrame } from '@airlock/protocol/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addExecution } from '../log/fixtures.ts';
import type { ContainerState, Placement } from '../placement/placement.ts';
import { newId } from '../store/ids.ts';
import { temporaryStore } from '../store/temporary.ts';
import type { HostHello, Wire, WireHandlers } from '../wire/wire.ts';
import { createLink, type Link, type LinkDeps } from './link.ts';
import { queueDown } from './outbox.ts';
import { newSessionRow } from './session-row.ts';

interface FakeWire {
  readonly hello: HostHello;
  readonly handlers: WireHandlers;
  readonly sent: Array<{ n: number; frame: DownFrame }>;
  close(): void;
}

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let session: string;
let starts: number;
let wires: FakeWire[];
let onWire: () => void;
let downTaken: number;
let state: () => Promise<ContainerState>;
let committed: UpFrame[];
let lost: Promise<AirlockError>;
let sayLost: (problem: AirlockError) => void;
let told: string[];
let link: Link | undefined;

const unused = () => Promise.reject(new RangeError('not used here'));

const placement: Placement = {
  start: () => {
    starts += 1;
    return Promise.resolve({ id: randomUUID(), session });
  },
  settle: () => Promise.resolve(),
  bridge: () => Promise.resolve(new PassThrough()),
  inspect: () => state(),
  waitExit: unused,
  lastWords: () => Promise.resolve('its last words'),
  workspaceBytes: unused,
  remove: unused,
  removeWorkspace: unused,
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
  store: temporary.store,
  placement,
  openWire: openFakeWire,
  specOf: () => ({ session: newId(), tokenHash: '0'.repeat(64), orphanMs: 1 }),
  commit: (_tx, _row, frame) => Promise.resolve(void committed.push(frame)),
  onLive: () => undefined,
  onModel: unused,
  onWireOpen: () => Promise.resolve(),
  onWireClosed: () => undefined,
  onUnreachable: () => Promise.resolve(void told.push('unreachable')),
  onLost: (_session, problem) => Promise.resolve(sayLost(problem)),
  log: { debug: () => undefined, warn: () => undefined },
  pause: () => new Promise((resolve) => setImmediate(resolve)),
});

beforeEach(async () => {
  temporary = await temporaryStore();
  [starts, downTaken, wires, committed, told] = [0, 0, [], [], []];
  onWire = () => undefined;
  state = () => Promise.resolve({ kind: 'running' });
  ({ promise: lost, resolve: sayLost } = Promise.withResolvers<AirlockError>());
  session = newId();
  const execution = await addExecution(temporary.store);
  await temporary.store.write(async (tx) => {
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

const row = () => temporary.store.db.selectFrom('sessions').selectAll().executeTakeFirstOrThrow();
const note = (text: string): UpFrame => ({ type: 'note', text });
const say = (text: string) =>
  temporary.store.write((tx) => queueDown(tx, session, { type: 'prompt', uuid: randomUUID(), text }));

describe('a link', () => {
  it('L1. starts a container once and knows it before a wire is opened', async () => {
    link = createLink(session, deps());
    const first = await wireNumber(1);
    expect(first.hello.container).toBe((await row()).container);
    first.close();
    const second = await wireNumber(2);
    expect(second.hello.container).toBe(first.hello.container);
    expect(starts).toBe(1);
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

  it('L5. is lost when its container is known to be gone, with its last words', async () => {
    link = createLink(session, deps());
    const first = await wireNumber(1);
    state = () => Promise.resolve({ kind: 'exited', code: 1, outOfMemory: false });
    first.close();
    expect(await lost).toMatchObject({ code: 'container_lost', detail: expect.stringContaining('its last words') });
  });

  it('L5. is not lost because the engine cannot be asked, which it tells once', async () => {
    link = createLink(session, deps());
    const first = await wireNumber(1);
    state = () => Promise.reject(new RangeError('no engine'));
    first.close();
    (await wireNumber(2)).close();
    await wireNumber(3);
    expect(told.length).toBeLessThanOrEqual(2);
    expect((await row()).state).toBe('starting');
  });
});
