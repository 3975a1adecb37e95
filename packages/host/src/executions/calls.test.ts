import type { Call, Outcome } from '@airlock/protocol/service-channel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCalls } from './calls.ts';
import { type CallRig, callRig } from './fixtures.ts';
import { settleCall } from './settle.ts';

let rig: CallRig;
beforeEach(async () => {
  rig = await callRig();
});
afterEach(() => rig.remove());

const lock: Call = { kind: 'lock', name: 'a', elements: [], expiresMs: 1000, lease: false };
const yes: Outcome = { ok: true, value: 'yes' };
const step: Call = {
  kind: 'step',
  name: 's',
  retry: { attempts: 1, delayMs: 1000, factor: 2, maxDelayMs: 60_000 },
};

describe('calls', () => {
  it('C1. act once, however often they are made, and tell an outcome already known again', async () => {
    const emit: Call = { kind: 'emit', event: 'action', shown: { type: 'text', body: 'once' } };
    await rig.take('main/emit/action#0', emit);
    await rig.take('main/emit/action#0', emit);
    await rig.take('main/now/#0', { kind: 'now' });
    await rig.take('main/now/#0', { kind: 'now' });
    await rig.take('main/step/s#0', step);
    await rig.take('main/step/s#0', step);
    expect((await rig.events()).map((event) => event.kind)).toEqual(['action']);
    const now = { key: 'main/now/#0', outcome: { ok: true, value: 1000 } };
    expect(rig.delivered).toEqual([now, now]);
    expect(rig.begun).toEqual(['main/step/s#0 1']);
  });

  it('C2. keep their first outcome, and outcomes come back in the order of their commits', async () => {
    await rig.take('first', lock);
    await rig.take('second', { ...lock, name: 'b' });
    await rig.settle('second', yes);
    await rig.settle('first', yes);
    await rig.settle('first', { ok: true, value: 'another' });
    await rig.settle('unknown', yes);
    expect(rig.delivered.map(({ key }) => key)).toEqual(['second', 'first']);
    const read = await rig.store.write((tx) => readCalls(tx, rig.execution));
    expect(read.calls.map(({ key }) => key)).toEqual(['first', 'second']);
    expect(read.outcomes).toEqual([
      { key: 'second', outcome: yes },
      { key: 'first', outcome: yes },
    ]);
    const { next_outcome } = await rig.store.db.selectFrom('executions').selectAll().executeTakeFirstOrThrow();
    expect(next_outcome).toBe(2);
  });

  it('C3. deliver nothing when the write fails, nor when another host has the execution', async () => {
    await rig.take('first', lock);
    const failing = rig.store.write(async (tx) => {
      await settleCall(tx, rig.execution, 'first', yes, rig.sinks);
      throw new RangeError('No');
    });
    await expect(failing).rejects.toThrow('No');
    await rig.store.write((tx) => tx.db.updateTable('executions').set({ owner: 'another' }).execute());
    await expect(rig.settle('first', yes)).rejects.toMatchObject({ code: 'owned_elsewhere' });
    expect(rig.delivered).toEqual([]);
    const { outcomes } = await rig.store.write((tx) => readCalls(tx, rig.execution));
    expect(outcomes).toEqual([]);
  });

  it('give a number by chance, and time that has passed', async () => {
    await rig.take('r', { kind: 'random' });
    await rig.take('z', { kind: 'sleep', ms: 5_000 });
    await rig.advance(4_999);
    expect(rig.delivered).toEqual([{ key: 'r', outcome: { ok: true, value: 0.25 } }]);
    expect(await rig.store.db.selectFrom('timers').select(['kind', 'ref', 'at']).execute()).toEqual([
      { kind: 'sleep', ref: 'z', at: new Date(6_000).toISOString() },
    ]);
  });

  it('name a row that cannot be read', async () => {
    await rig.take('broken', lock);
    await rig.store.write((tx) => tx.db.updateTable('calls').set({ call: '{"kind":"lock"' }).execute());
    await expect(rig.store.write((tx) => readCalls(tx, rig.execution))).rejects.toMatchObject({
      code: 'store_unusable',
      detail: `Call broken of execution ${rig.execution} cannot be read`,
    });
  });
});

describe('a race', () => {
  it('C4. takes back what its losers had opened, settles them, and goes on', async () => {
    await rig.take('ask', lock);
    await rig.take('wait', { kind: 'sleep', ms: 5_000 });
    await rig.take('work', step);
    await rig.take('done', lock);
    await rig.settle('done', yes);
    await rig.take('race', { kind: 'race', losers: ['ask', 'wait', 'work', 'done', 'never made'] });
    expect(rig.delivered.map(({ key, outcome }) => [key, outcome.ok || outcome.error.code])).toEqual([
      ['done', true],
      ['ask', 'withdrawn'],
      ['wait', 'withdrawn'],
      ['work', 'withdrawn'],
      ['race', true],
    ]);
    const open = await rig.inbox.listOpen({ execution: rig.execution, limit: 10 });
    expect(open).toHaveLength(1);
    const timers = await rig.store.db.selectFrom('timers').select('kind').execute();
    expect(timers.filter(({ kind }) => kind === 'sleep')).toEqual([]);
  });

  it('C4. gives up the turn that lost', async () => {
    const send: Call = { kind: 'session_send', session: 'main', text: 'hello' };
    rig.sinks.sessions.send = () => Promise.resolve();
    await rig.take('say', send);
    await rig.take('race', { kind: 'race', losers: ['say'] });
    expect(rig.abandoned).toEqual(['say']);
    expect(rig.delivered.map(({ key }) => key)).toEqual(['say', 'race']);
  });
});
