import type { Call, Outcome } from '@airlock/protocol/service-channel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addExecution } from '../log/fixtures.ts';
import { temporaryStore } from '../store/temporary.ts';
import { createStrikes, type Strikes } from './strikes.ts';

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let strikes: Strikes;
let execution: string;

beforeEach(async () => {
  temporary = await temporaryStore();
  strikes = createStrikes(temporary.store);
  execution = await addExecution(temporary.store);
});
afterEach(() => temporary.remove());

const lock: Call = { kind: 'lock', name: 'a', elements: [], expiresMs: 1000, lease: false };
const retry = { attempts: 1, delayMs: 1, factor: 2, maxDelayMs: 1 };
const step: Call = { kind: 'step', name: 'a', retry };
const text: Call = { kind: 'log', event: 'stdout', text: 'on my way' };

let made = 0;
async function call(of: string, key: string, what: Call, { delayed = 0 as 0 | 1 } = {}): Promise<void> {
  const row = { execution: of, key, made: made++, call: JSON.stringify(what), outcome: null, settled: null, delayed };
  await temporary.store.write(async (tx) => void (await tx.db.insertInto('calls').values(row).execute()));
}

async function settle(of: string, outcome: Outcome): Promise<void> {
  await temporary.store.write(async (tx) => {
    const settled = { outcome: JSON.stringify(outcome), settled: 1 };
    await tx.db.updateTable('calls').set(settled).where('execution', '=', of).execute();
    await tx.db
      .updateTable('executions')
      .set((eb) => ({ next_outcome: eb('next_outcome', '+', 1) }))
      .where('id', '=', of)
      .execute();
  });
}

/** Who is guilty after each of so many ends of the process. */
async function ends(count: number, executions = [execution]): Promise<string[][]> {
  const guilty: string[][] = [];
  for (let at = 0; at < count; at += 1) guilty.push(await strikes.ended(executions));
  return guilty;
}

describe('strikes.ended()', () => {
  it('names an execution at its third strike in a row', async () => {
    expect(await ends(3)).toEqual([[], [], [execution]]);
    strikes.clear(execution);
    expect(await ends(3)).toEqual([[], [], [execution]]);
  });

  it.each([
    ['waits for a person', lock, {}],
    ['waits to run a step again', step, { delayed: 1 as const }],
  ])('B1. never names one that %s', async (_name, what, options) => {
    await call(execution, 'main/a', what, options);
    expect(await ends(4)).toEqual([[], [], [], []]);
  });

  it('B1. names one that runs a step, also with a lock open beside it', async () => {
    await call(execution, 'main/step', step);
    await call(execution, 'main/lock', lock);
    expect(await ends(3)).toEqual([[], [], [execution]]);
  });

  it('B1. finds the one at fault among many that wait', async () => {
    const innocent = await Promise.all(Array.from({ length: 100 }, () => addExecution(temporary.store)));
    for (const id of innocent) await call(id, 'main/lock', lock);
    expect(await ends(3, [...innocent, execution])).toEqual([[], [], [execution]]);
  });

  it('B2. counts anew after an outcome or a new call, but not after output', async () => {
    expect(await ends(2)).toEqual([[], []]);
    await call(execution, 'main/now/#0', { kind: 'now' });
    await settle(execution, { ok: true, value: 1 });
    expect(await ends(2)).toEqual([[], []]);
    await call(execution, 'main/emit/action#0', { kind: 'emit', event: 'action', shown: { type: 'text', body: 'a' } });
    expect(await ends(2)).toEqual([[], []]);
    await call(execution, 'io/log/stdout#0.0', text);
    expect(await ends(1)).toEqual([[execution]]);
  });

  it('says nothing of executions that are gone', async () => {
    expect(await ends(3, ['gone'])).toEqual([[], [], []]);
  });
});
