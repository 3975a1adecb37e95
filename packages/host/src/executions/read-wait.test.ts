import type { NewEvent } from '@airlock/protocol/events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addExecution } from '../log/fixtures.ts';
import { createLog } from '../log/log.ts';
import { newSessionRow, sessionId } from '../sessions/session-row.ts';
import { newId } from '../store/ids.ts';
import { temporaryStore } from '../store/temporary.ts';
import { readWait } from './read-wait.ts';

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let execution: string;
const id = newId();
const session = sessionId({ id });
const clock = () => new Date(5_000);
const at = clock().toISOString();

beforeEach(async () => {
  temporary = await temporaryStore();
  execution = await addExecution(temporary.store);
  const row = { ...newSessionRow({ id, execution, name: 'main', image: 'i', token: 't' }, {}), state: 'live' as const };
  await temporary.store.write(async (tx) => {
    const working = { ...row, container: 'c', turn_prompt: 'p' };
    await tx.db.insertInto('sessions').values(working).execute();
  });
});
afterEach(() => temporary.remove());

async function after(...events: NewEvent[]) {
  const { store } = temporary;
  await store.write(async (tx) => void (await createLog(store, clock).append(tx, execution, events)));
  const row = await store.db.selectFrom('executions').selectAll().where('id', '=', execution).executeTakeFirstOrThrow();
  const inbox = { listOpen: () => Promise.resolve([]) };
  return await readWait({ store, inbox, clock }, row, { queue: null, openRequests: 0 });
}

const use = (toolUseId: string, tool: string): NewEvent => ({
  kind: 'tool_use',
  payload: { session, messageId: 'm', block: 0, toolUseId, tool, input: {} },
});
const result = (toolUseId: string): NewEvent => ({
  kind: 'tool_result',
  payload: { session, toolUseId, isError: false, text: '', truncated: false },
});
const retry: NewEvent = {
  kind: 'retry',
  payload: { session, attempt: 1, maxRetries: 9, delayMs: 2_000, status: 529, reason: 'overloaded' },
};
const told = (state: 'unreachable' | 'attached' | 'interrupted'): NewEvent => ({
  kind: 'session',
  payload: { session, state },
});

describe('readWait()', () => {
  it('knows which tools have no result yet', async () => {
    expect(await after(use('a', 'Bash'), use('b', 'Read'))).toMatchObject({ text: 'Claude runs Bash and 1 more' });
    expect(await after(result('a'))).toEqual({ kind: 'tool', text: 'Claude runs Read', since: at });
    expect(await after(result('b'))).toMatchObject({ kind: 'model' });
  });

  it('knows of a retry until something comes of it', async () => {
    expect(await after(retry)).toMatchObject({ kind: 'retry', until: new Date(7_000).toISOString() });
    const text: NewEvent = { kind: 'message', payload: { session, messageId: 'm', block: 0, text: 'hello' } };
    expect(await after(text)).toMatchObject({ kind: 'model' });
  });

  it('knows whether the engine was reached since', async () => {
    expect(await after(told('unreachable'), told('interrupted'))).toMatchObject({ kind: 'engine' });
    expect(await after(told('attached'))).toMatchObject({ kind: 'model' });
  });

  it('does not take what another session does for its own', async () => {
    const other = sessionId({ id: newId() });
    const payload = { session: other, messageId: 'm', block: 0, toolUseId: 'x', tool: 'Bash', input: {} };
    expect(await after({ kind: 'tool_use', payload })).toMatchObject({ kind: 'model' });
  });

  it('knows the next of its timers', async () => {
    await temporary.store.write(async (tx) => {
      await tx.db.updateTable('sessions').set({ turn_prompt: null }).execute();
      const timers = [9_000, 65_000].map((ms, n) => ({ execution, ref: `${n}`, at: new Date(ms).toISOString() }));
      for (const timer of timers)
        await tx.db
          .insertInto('timers')
          .values({ ...timer, kind: 'sleep' })
          .execute();
    });
    expect(await after()).toMatchObject({ kind: 'timer', text: 'Its service pauses for 4 s' });
  });
});
