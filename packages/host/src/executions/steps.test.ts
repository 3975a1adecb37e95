import { AirlockError } from '@airlock/protocol/errors';
import type { Call, Outcome } from '@airlock/protocol/service-channel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCalls } from './calls.ts';
import { type CallRig, callRig } from './fixtures.ts';
import { pauseAfter, repeatCutStep, takeAttempt } from './steps.ts';

let rig: CallRig;
beforeEach(async () => {
  rig = await callRig();
});
afterEach(() => rig.remove());

const retry = { attempts: 3, delayMs: 1000, factor: 2, maxDelayMs: 1500 };
const step: Call = { kind: 'step', name: 'pay', retry };
const yes: Outcome = { ok: true, value: 'paid' };
const no: Outcome = { ok: false, error: new AirlockError('service_failed', 'The bank is closed').toBody() };

const tell = (attempt: number, outcome: Outcome, key = 'k') =>
  rig.store.write((tx) => takeAttempt(tx, rig.execution, { key, attempt, outcome }, rig.sinks));
/** What a process that takes the execution up does. */
const reload = () =>
  rig.store.write(async (tx) => {
    const { openSteps } = await readCalls(tx, rig.execution);
    for (const open of openSteps) if (!open.isDelayed) await repeatCutStep(tx, rig.execution, open, rig.sinks);
  });
const retries = async () =>
  (await rig.events()).flatMap((event) =>
    event.kind === 'retry' ? [[event.payload.attempt, event.payload.reason]] : [],
  );

describe('steps', () => {
  it('A1. begin again when they were cut, and say so; one that told how it went does not', async () => {
    await rig.take('k', { ...step, retry: { ...retry, attempts: 1 } });
    await reload();
    expect(rig.begun).toEqual(['k 1', 'k 2']);
    expect(await retries()).toEqual([[1, 'It was cut off: its process ended']]);
    await tell(2, yes);
    await reload();
    expect(rig.begun).toHaveLength(2);
    expect(rig.delivered).toEqual([{ key: 'k', outcome: yes }]);
  });

  it('A2. are settled by the attempt last begun alone, and once', async () => {
    await rig.take('k', step);
    await reload();
    await tell(1, no);
    expect(rig.delivered).toEqual([]);
    await tell(2, yes);
    await tell(2, no);
    expect(rig.delivered).toEqual([{ key: 'k', outcome: yes }]);
  });

  it('are tried again after growing pauses, across restarts, and then fail as they last did', async () => {
    await rig.take('k', step);
    await tell(1, no);
    await rig.advance(999);
    await reload();
    expect(rig.begun).toEqual(['k 1']);
    await rig.advance(1);
    expect(rig.begun).toEqual(['k 1', 'k 2']);
    await tell(2, no);
    await rig.advance(1_499);
    expect(rig.begun).toHaveLength(2);
    await rig.advance(1);
    await tell(3, no);
    expect(rig.begun).toEqual(['k 1', 'k 2', 'k 3']);
    expect(rig.delivered).toEqual([{ key: 'k', outcome: no }]);
    expect(await retries()).toEqual([
      [1, 'The bank is closed'],
      [2, 'The bank is closed'],
    ]);
    expect(await rig.store.db.selectFrom('timers').selectAll().execute()).toEqual([]);
  });

  it('E1. come to nothing after the wish to end', async () => {
    await rig.take('failing', step);
    await rig.take('done', step);
    await rig.take('paused', step);
    await tell(1, no, 'paused');
    const before = (await retries()).length;
    await rig.stop();
    await tell(1, no, 'failing');
    await tell(1, yes, 'done');
    await rig.advance(60_000);
    expect(rig.begun).toEqual(['failing 1', 'done 1', 'paused 1']);
    expect(rig.delivered).toEqual([]);
    expect(await retries()).toHaveLength(before);
    expect(await rig.store.db.selectFrom('timers').selectAll().where('kind', '=', 'step').execute()).toEqual([]);
  });

  it('wait no longer than they may', () => {
    expect([1, 2, 3, 9].map((attempt) => pauseAfter({ ...retry, maxDelayMs: 5_000 }, attempt))).toEqual([
      1_000, 2_000, 4_000, 5_000,
    ]);
  });
});
