import { AirlockError } from '@airlock/protocol/errors';
import type { Call, Outcome } from '@airlock/protocol/service-channel';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { addExecution } from '../log/fixtures.ts';
import { newId } from '../store/ids.ts';
import { temporaryStore } from '../store/temporary.ts';
import { createBranches, isBranchCall } from './branches.ts';
import { newSessionRow } from './session-row.ts';

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let execution: string;
let settled: [key: string, outcome: Outcome][];
let pushed: string[];
let onPush: () => Promise<void>;

const commit = '1'.repeat(40);
const push = { kind: 'branch_push', session: 'main', branch: 'b', commit } as const;

const make = () =>
  createBranches({
    store: temporary.store,
    fence: { host: 'h', epochOf: () => undefined },
    logger: { warn: () => undefined },
    settle: async (tx, of, key, outcome) => {
      settled.push([key, outcome]);
      const values = { outcome: JSON.stringify(outcome) };
      await tx.db.updateTable('calls').set(values).where('execution', '=', of).where('key', '=', key).execute();
    },
    repositories: {
      require: () => undefined,
      bring: () => Promise.resolve(),
      prepare: ({ repository: { url } }) => Promise.resolve({ url, commit, commits: 1, stat: '' }),
      push: async (_, what) => {
        pushed.push(what.branch);
        await onPush();
      },
    },
  });

beforeEach(async () => {
  temporary = await temporaryStore();
  [settled, pushed, onPush] = [[], [], () => Promise.resolve()];
  execution = await addExecution(temporary.store);
  const options = { repository: { url: 'https://forge.example/b' } };
  const row = newSessionRow({ id: newId(), execution, name: 'main', image: 'i', token: 't' }, options);
  await temporary.store.write(async (tx) => {
    await tx.db.updateTable('executions').set({ owner: 'h' }).execute();
    await tx.db.insertInto('sessions').values(row).execute();
  });
});
afterEach(() => temporary.remove());

async function addCall(key: string, call: Call): Promise<void> {
  const row = { execution, key, made: Number(key), call: JSON.stringify(call), outcome: null, settled: null };
  await temporary.store.write((tx) => tx.db.insertInto('calls').values(row).execute());
}
const untilSettled = (count: number) => vi.waitFor(() => expect(settled).toHaveLength(count));

describe('calls about branches', () => {
  it('F24. are begun again by the next host when they have no outcome, each once', async () => {
    await addCall('1', push);
    await addCall('2', { kind: 'branch_prepare', session: 'main' });
    await addCall('3', { kind: 'now' });
    const branches = make();
    await branches.resume();
    await branches.resume();
    await untilSettled(2);
    await branches.resume();
    expect(pushed).toEqual(['b']);
    expect(new Map(settled).get('2')).toMatchObject({ ok: true, value: { commit } });
  });

  it('F24. that were broken off because the host stops have no outcome', async () => {
    await addCall('1', push);
    const begun = Promise.withResolvers<void>();
    const stopped = Promise.withResolvers<void>();
    onPush = async () => {
      begun.resolve();
      await stopped.promise;
    };
    const branches = make();
    await branches.resume();
    await begun.promise;
    branches.stop();
    stopped.reject(new RangeError('It was stopped'));
    onPush = () => Promise.resolve();
    await make().resume();
    await untilSettled(1);
    expect(pushed).toEqual(['b', 'b']);
    expect(settled).toEqual([['1', { ok: true, value: null }]]);
  });

  it('fail plainly when the session has no repository, or the server refuses', async () => {
    onPush = () => Promise.reject(new AirlockError('repository_unusable', 'It is refused'));
    await addCall('1', push);
    await addCall('2', { ...push, session: 'other' });
    await make().resume();
    await untilSettled(2);
    const codes = settled.map(([key, outcome]) => [key, outcome.ok ? '' : outcome.error.code]).sort();
    expect(codes).toEqual([
      ['1', 'repository_unusable'],
      ['2', 'service_failed'],
    ]);
  });

  it('are two', () => {
    expect(
      [push, { kind: 'branch_prepare', session: 'a' } as const, { kind: 'now' } as const].map(isBranchCall),
    ).toEqual([true, true, false]);
  });
});
