import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addExecution } from '../log/fixtures.ts';
import { createLog, type Log } from '../log/log.ts';
import { newId } from '../store/ids.ts';
import { temporaryStore } from '../store/temporary.ts';
import { grantsOf, newSessionRow, type SessionRow, settingsOf } from './session-row.ts';
import { createSteering, type Steering } from './steering.ts';

const session = newId();
const owner = { name: 'ada', role: 'member' } as const;
const other = { name: 'bob', role: 'member' } as const;
const root = { name: 'root', role: 'admin' } as const;

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let log: Log;
let steering: Steering;
let execution: string;
let queued: string[];

beforeEach(async () => {
  temporary = await temporaryStore();
  const { store } = temporary;
  log = createLog(store, () => new Date(0));
  queued = [];
  steering = createSteering({
    store,
    log,
    inbox: { withdraw: () => Promise.resolve() },
    onQueued: (id) => queued.push(id),
    image: () => ({ reference: 'new', digest: 'sha256:new' }),
  });
  execution = await addExecution(store);
  await store.write(async ({ db }) => {
    await db.updateTable('executions').set({ user: 'ada' }).execute();
    const row = newSessionRow({ id: session, execution, name: 'main', image: 'i', token: 't' }, { model: 'one' });
    await db
      .insertInto('sessions')
      .values({ ...row, state: 'live', losses: 2 })
      .execute();
  });
});
afterEach(() => temporary.remove());

const row = (): Promise<SessionRow> => temporary.store.db.selectFrom('sessions').selectAll().executeTakeFirstOrThrow();
const frames = async () =>
  (await temporary.store.db.selectFrom('outbox').select('frame').orderBy('n').execute()).map(({ frame }) =>
    JSON.parse(frame),
  );
const events = () => log.read(execution, 0, 100);

describe('steering a session', () => {
  it('says something, once under a uuid, in the name of whoever said it, and wakes one that rests', async () => {
    await steering.say(session, 'Look at the tests, too', owner);
    const [frame] = await frames();
    expect(frame).toEqual({ type: 'prompt', uuid: expect.any(String), text: 'Look at the tests, too' });
    expect(await events()).toMatchObject([
      { kind: 'prompt', payload: { session, id: frame.uuid, text: 'Look at the tests, too', by: 'ada' } },
    ]);
    expect([(await row()).losses, queued]).toEqual([0, [session]]);
  });

  it('stops the turn, and says who did', async () => {
    await steering.interrupt(session, root);
    expect(await frames()).toEqual([{ type: 'interrupt' }]);
    expect(await events()).toMatchObject([{ kind: 'session', payload: { state: 'interrupted', detail: 'by root' } }]);
  });

  it('changes how Claude works, for the next container, too', async () => {
    await steering.change(session, { permissionMode: 'acceptEdits', model: 'two', effort: 'low' }, owner);
    expect(settingsOf(await row())).toMatchObject({ model: 'two', effort: 'low' });
    expect(grantsOf(await row())).toEqual([{ type: 'setMode', mode: 'acceptEdits' }]);
    await steering.change(session, { model: null, effort: null }, owner);
    const settings = settingsOf(await row());
    expect([settings.model, settings.effort]).toEqual([undefined, undefined]);
    expect(await frames()).toEqual([
      { type: 'settings', permissionMode: 'acceptEdits', model: 'two', effort: 'low' },
      { type: 'settings', model: null, effort: null },
    ]);
    expect((await events()).map(({ payload }) => payload)).toMatchObject([
      { state: 'changed', detail: 'mode: acceptEdits, model: two, effort: low, by ada' },
      { state: 'changed', detail: 'model: as usual, effort: as usual, by ada' },
    ]);
  });

  it('stops what runs beside Claude, and nothing else', async () => {
    const tasks = JSON.stringify([{ id: 'b1', kind: 'local_bash', about: 'sleep 9' }]);
    await temporary.store.write(({ db }) => db.updateTable('sessions').set({ tasks }).execute());
    await steering.stopTask(session, 'b1', owner);
    await expect(steering.stopTask(session, 'b2', owner)).rejects.toMatchObject({ code: 'not_found' });
    await expect(steering.stopTask(session, 'b1', other)).rejects.toMatchObject({ code: 'forbidden' });
    expect(await frames()).toEqual([{ type: 'stop_task', id: 'b1' }]);
    expect((await events()).map(({ payload }) => payload)).toMatchObject([
      { state: 'interrupted', detail: 'sleep 9, by ada' },
    ]);
  });

  it('is for the owner and administrators, and for a session that goes on', async () => {
    await expect(steering.say(session, 'x', other)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(steering.say(newId(), 'x', root)).rejects.toMatchObject({ code: 'not_found' });
    await temporary.store.write(({ db }) => db.updateTable('sessions').set({ state: 'ended' }).execute());
    await expect(steering.interrupt(session, owner)).rejects.toMatchObject({ code: 'session_ended' });
    await expect(steering.change(session, { model: 'two' }, owner)).rejects.toMatchObject({ code: 'session_ended' });
    expect([await frames(), await events(), queued]).toEqual([[], [], []]);
  });
});
