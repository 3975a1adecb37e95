import type { ExecutionStatus } from '@airlock/protocol/executions';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addExecution } from '../log/fixtures.ts';
import { createLog } from '../log/log.ts';
import { temporaryStore } from '../store/temporary.ts';
import { setStatus } from './status.ts';

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let execution: string;
let now = 0;

beforeEach(async () => {
  temporary = await temporaryStore();
  execution = await addExecution(temporary.store);
});
afterEach(() => temporary.remove());

/** Goes through statuses, each `[seconds, status]`; returns how long people were waited for, and since when they are. */
async function through(...steps: [number, ExecutionStatus][]): Promise<[number, number | null]> {
  const { store } = temporary;
  const log = createLog(store, () => new Date(now));
  for (const [seconds, status] of steps) {
    now = seconds * 1000;
    await store.write((tx) => setStatus(log, tx, execution, status));
  }
  const row = await store.db
    .selectFrom('executions')
    .select(['waited_ms', 'waiting_since'])
    .where('id', '=', execution)
    .executeTakeFirstOrThrow();
  return [row.waited_ms, row.waiting_since];
}

describe('the time people were waited for', () => {
  it('is added up from each time something was open to when nothing was', async () => {
    expect(await through([1, 'starting'], [2, 'awaiting'])).toEqual([0, 2_000]);
    expect(await through([5, 'running'], [6, 'awaiting'])).toEqual([3_000, 6_000]);
    expect(await through([6.5, 'awaiting'], [7, 'running'], [9, 'finished'])).toEqual([4_000, null]);
  });

  it('ends with the execution', async () => {
    expect(await through([1, 'awaiting'], [4, 'cancelled'])).toEqual([3_000, null]);
  });
});
