import { AirlockError } from '@airlock/protocol/errors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addExecution } from '../log/fixtures.ts';
import { createLog } from '../log/log.ts';
import { newId } from '../store/ids.ts';
import { temporaryStore } from '../store/temporary.ts';
import { createInside } from './inside.ts';
import { readSessionLog } from './session-log.ts';
import { newSessionRow, type SessionRow, sessionId } from './session-row.ts';

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let execution: string;
let now: number;
const clock = () => new Date(now);
beforeEach(async () => {
  temporary = await temporaryStore();
  execution = await addExecution(temporary.store);
  now = 1_000;
});
afterEach(() => temporary.remove());

async function addSession(more: Partial<SessionRow>): Promise<string> {
  const id = newId();
  const row = { ...newSessionRow({ id, execution, name: id, image: 'i', token: 't' }, {}), ...more };
  await temporary.store.write((tx) => tx.db.insertInto('sessions').values(row).execute());
  return id;
}

const seen = {
  startedAt: new Date(0).toISOString(),
  cpu: { cores: 0.5, limit: 1 },
  memory: { bytes: 10, limit: 20 },
  pids: { count: 3, limit: 512 },
  processes: [],
  isCut: false,
};

function inside(placement: Partial<Parameters<typeof createInside>[0]['placement']>, before?: number) {
  const unused = () => Promise.reject(new RangeError('not asked here'));
  const full = { look: unused, workspaceBytes: unused, ...placement };
  return createInside({ store: temporary.store, placement: full, clock, before: () => before });
}

describe('what is inside a session', () => {
  it.each([
    [{ state: 'hibernated' }, undefined, /^It sleeps/],
    [{ state: 'starting' }, 2, /^It waits for room: 2 before it$/],
    [{ state: 'starting', queued_at: 'then' }, undefined, /^It waits for room$/],
    [{ state: 'starting' }, undefined, /^Its container is being started$/],
    [{ state: 'live', losses: 99 }, undefined, /^Its container was lost; it gets another/],
    [{ state: 'ended', container: 'c' }, undefined, /^The conversation has ended/],
    [{ state: 'lost' }, undefined, /^The conversation is over/],
  ] as const)('is nothing without a container: %j', async (row, before, why) => {
    const id = await addSession(row);
    expect(await inside({}, before)(id)).toEqual({
      at: clock().toISOString(),
      why: expect.stringMatching(why),
      container: null,
    });
  });

  it('W31. is looked at once for all who look at once, and its workspace is measured once in 10 s', async () => {
    const id = await addSession({ state: 'live', container: 'c' });
    let looks = 0;
    let counts = 0;
    const look = inside({
      look() {
        looks += 1;
        return Promise.resolve(seen);
      },
      workspaceBytes() {
        counts += 100;
        return Promise.resolve(counts);
      },
    });
    const [one, other] = await Promise.all([look(id), look(id)]);
    expect([one.container?.workspace.bytes, looks, counts]).toEqual([100, 1, 100]);
    expect(other).toEqual(one);
    now += 9_999;
    expect((await look(id)).container?.workspace).toEqual({ bytes: 100, limit: 5 * 1024 ** 3 });
    expect([looks, counts]).toEqual([2, 100]);
    now += 1;
    await look(id);
    expect((await look(id)).container?.workspace.bytes).toBe(200);
  });

  it('fails when the container does not answer, and does not when another has taken its place', async () => {
    const id = await addSession({ state: 'live', container: 'c' });
    const lost = () => Promise.reject(new AirlockError('container_lost', 'it stands still'));
    const look = inside({ look: lost, workspaceBytes: lost });
    await expect(look(id)).rejects.toMatchObject({ code: 'container_lost' });
    const gone = inside({
      async look() {
        await temporary.store.write((tx) =>
          tx.db.updateTable('sessions').set({ container: null, state: 'starting' }).where('id', '=', id).execute(),
        );
        return await lost();
      },
      workspaceBytes: lost,
    });
    expect(await gone(id)).toMatchObject({ why: 'Its container is being started', container: null });
    await expect(look(newId())).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('the log of a session', () => {
  it('has what its container printed, and how those before it ended', async () => {
    const { store } = temporary;
    const id = await addSession({ state: 'live', container: 'c' });
    const session = sessionId({ id });
    const log = createLog(store, clock);
    const lines = [{ at: clock().toISOString(), by: 'claude' as const, text: 'hello' }];
    const read = () =>
      readSessionLog(
        { store, before: () => undefined, placement: { log: (_id, tail) => Promise.resolve(lines.slice(-tail)) } },
        id,
        5,
      );
    expect(await read()).toEqual({ why: null, lines, earlier: [] });
    await store.write(async (tx) => {
      await log.append(tx, execution, [
        { kind: 'session', payload: { session, state: 'resumed', detail: 'It was killed: Claude was ended' } },
        { kind: 'session', payload: { session, state: 'ready', detail: '1.2.3' } },
        { kind: 'session', payload: { session, state: 'hibernated' } },
        { kind: 'session', payload: { session, state: 'resumed', detail: 'It wakes' } },
      ]);
      await tx.db.updateTable('sessions').set({ state: 'hibernated', container: null }).where('id', '=', id).execute();
    });
    expect(await read()).toEqual({
      why: expect.stringMatching(/^It sleeps/),
      lines: [],
      earlier: [{ at: clock().toISOString(), text: 'It was killed: Claude was ended' }],
    });
  });
});
