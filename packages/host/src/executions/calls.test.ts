import type { Call, Outcome } from '@airlock/protocol/service-channel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createInbox } from '../inbox/inbox.ts';
import { addExecution } from '../log/fixtures.ts';
import { createLog, type Log } from '../log/log.ts';
import { temporaryStore } from '../store/temporary.ts';
import { type CallSinks, readCalls, settleCall, takeCall } from './calls.ts';
import { noSessions } from './fixtures.ts';

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let log: Log;
let execution: string;
let delivered: Array<{ key: string; outcome: Outcome }>;
let sinks: CallSinks;

beforeEach(async () => {
  temporary = await temporaryStore();
  const { store } = temporary;
  const clock = () => new Date(1000);
  log = createLog(store, clock);
  execution = await addExecution(store);
  delivered = [];
  const inbox = createInbox({ store, log, clock, owner: () => noSessions.requestOwner });
  const deliver: CallSinks['deliver'] = (_execution, key, outcome) => void delivered.push({ key, outcome });
  sinks = { log, inbox, sessions: noSessions, clock, deliver };
});
afterEach(() => temporary.remove());

const take = (key: string, call: Call) => temporary.store.write((tx) => takeCall(tx, execution, key, call, sinks));
const settle = (key: string, outcome: Outcome) =>
  temporary.store.write((tx) => settleCall(tx, execution, key, outcome, sinks.deliver));
const lock: Call = { kind: 'lock', name: 'a', elements: [], expiresMs: 1000, lease: false };
const yes: Outcome = { ok: true, value: 'yes' };

describe('calls', () => {
  it('C1. act once, however often they are made, and tell an outcome already known again', async () => {
    const emit: Call = { kind: 'emit', event: 'action', shown: { type: 'text', body: 'once' } };
    await take('main/emit/action#0', emit);
    await take('main/emit/action#0', emit);
    await take('main/now/#0', { kind: 'now' });
    await take('main/now/#0', { kind: 'now' });
    expect((await log.read(execution, 0, 10)).map((event) => event.kind)).toEqual(['action']);
    const now = { key: 'main/now/#0', outcome: { ok: true, value: 1000 } };
    expect(delivered).toEqual([now, now]);
  });

  it('C2. keep their first outcome, and outcomes come back in the order of their commits', async () => {
    await take('first', lock);
    await take('second', { ...lock, name: 'b' });
    await settle('second', yes);
    await settle('first', yes);
    await settle('first', { ok: true, value: 'another' });
    expect(delivered.map(({ key }) => key)).toEqual(['second', 'first']);
    const read = await temporary.store.write((tx) => readCalls(tx, execution));
    expect(read.calls.map(({ key }) => key)).toEqual(['first', 'second']);
    expect(read.outcomes).toEqual([
      { key: 'second', outcome: yes },
      { key: 'first', outcome: yes },
    ]);
  });
});
