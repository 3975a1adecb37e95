import type { Outcome } from '@airlock/protocol/service-channel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addExecution } from '../log/fixtures.ts';
import { newId } from '../store/ids.ts';
import { temporaryStore } from '../store/temporary.ts';
import { readOutbox } from './outbox.ts';
import { endToolUse, nextToolUse, takeToolCall } from './service-tools.ts';
import { newSessionRow } from './session-row.ts';

const session = newId();
let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let execution: string;
let settled: Array<[key: string, outcome: Outcome]>;

beforeEach(async () => {
  temporary = await temporaryStore();
  const { store } = temporary;
  settled = [];
  execution = await addExecution(store);
  await store.write(async ({ db }) => {
    const row = newSessionRow({ id: session, execution, name: 'main', image: 'i', token: 't' }, {});
    await db.insertInto('sessions').values(row).execute();
  });
});
afterEach(() => temporary.remove());

const call = (toolUseId: string, callId = `call of ${toolUseId}`) => ({
  type: 'tool_call' as const,
  callId,
  toolUseId,
  tool: 'price',
  input: { of: toolUseId },
});
const used = (toolUseId: string) => ({ toolUseId, tool: 'price', input: { of: toolUseId } });
const result = { text: '250', isError: false };

const take = (frame: ReturnType<typeof call>) =>
  temporary.store.write(async (tx) => {
    const row = await tx.db.selectFrom('sessions').selectAll().executeTakeFirstOrThrow();
    await takeToolCall(tx, row, frame, async (_tx, _execution, key, outcome) => {
      settled.push([key, outcome]);
      await tx.db.updateTable('calls').set({ outcome: '{}' }).where('key', '=', key).execute();
    });
  });
const next = () => temporary.store.write((tx) => nextToolUse(tx, execution, 'main'));
const end = (toolUseId: string) =>
  temporary.store.write((tx) => endToolUse(tx, execution, { session: 'main', toolUseId, result }));
const answers = async () =>
  (await readOutbox(temporary.store, session, 0)).flatMap(({ frame }) =>
    frame.type === 'tool_answer' ? [frame.callId] : [],
  );

/** The service waits for the next use. */
async function wait(n: number, name = 'main'): Promise<void> {
  const call = JSON.stringify({ kind: 'tool_next', session: name });
  const row = { execution, key: `tools/tool_next/${name}#${n}`, made: n, call };
  await temporary.store.write(({ db }) => db.insertInto('calls').values(row).execute());
}

describe('a use of a tool', () => {
  it('N7. goes to the service that waits for one, and its answer to who asked', async () => {
    await wait(0, 'other');
    await wait(1);
    await take(call('t1'));
    expect(settled).toEqual([['tools/tool_next/main#1', { ok: true, value: used('t1') }]]);
    expect(await next()).toBeUndefined();
    expect(await end('t1')).toBe(session);
    expect(await answers()).toEqual(['call of t1']);
  });

  it('N7. waits for a service that is between two, in the order Claude made them', async () => {
    await take(call('t1'));
    await take(call('t2'));
    expect(settled).toEqual([]);
    expect([await next(), await next(), await next()]).toEqual([used('t1'), used('t2'), undefined]);
  });

  it('N7. that comes again is not run again: it gets the answer there is, or the one to come', async () => {
    await wait(0);
    await take(call('t1', 'first'));
    await take(call('t1', 'second'));
    expect(settled).toHaveLength(1);
    await end('t1');
    await take(call('t1', 'third'));
    expect(await answers()).toEqual(['second', 'third']);
    expect([await next(), settled.length]).toEqual([undefined, 1]);
  });

  it('has one end, and none when it is not known', async () => {
    await take(call('t1'));
    await end('t1');
    expect(await end('t1')).toBeUndefined();
    expect(await end('t2')).toBeUndefined();
    expect(await answers()).toEqual(['call of t1']);
  });
});
