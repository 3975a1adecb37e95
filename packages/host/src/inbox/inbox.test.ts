import { AirlockError } from '@airlock/protocol/errors';
import type { JsonObject } from '@airlock/protocol/json';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addExecution } from '../log/fixtures.ts';
import { createLog, type Log } from '../log/log.ts';
import { temporaryStore } from '../store/temporary.ts';
import { createInbox, type FormAsk, type Inbox } from './inbox.ts';

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let log: Log;
let inbox: Inbox;
let execution: string;
let now: Date;
let taken: Array<{ by: string; inputs: JsonObject } | 'expired'>;

const ask: FormAsk = { kind: 'form', name: 'approve', elements: [] };

beforeEach(async () => {
  temporary = await temporaryStore();
  now = new Date('2030-01-01T00:00:00Z');
  taken = [];
  log = createLog(temporary.store, () => now);
  inbox = createInbox({
    store: temporary.store,
    log,
    clock: () => now,
    owner: () => ({
      check: (_row, inputs) => {
        if (inputs.bad) throw new AirlockError('invalid_inputs', 'no', { fields: { bad: ['no'] } });
        return Promise.resolve({ inputs });
      },
      answered: (_tx, _row, settlement, by) => Promise.resolve(void taken.push({ by, inputs: settlement.inputs })),
      expired: () => Promise.resolve(void taken.push('expired')),
    }),
  });
  execution = await addExecution(temporary.store);
});
afterEach(() => temporary.remove());

const open = (ref = 'lock#1', expiresAt: Date | null = null) =>
  temporary.store.write((tx) => inbox.open(tx, { execution, session: null, ask, ref, expiresAt }));
const status = async () =>
  (await temporary.store.db.selectFrom('executions').select('status').executeTakeFirstOrThrow()).status;
const kinds = async () => (await log.read(execution, 0, 100)).map((event) => event.kind);

describe('inbox.open()', () => {
  it('makes the execution wait, in the same write as the request and its event', async () => {
    await open();
    expect(await status()).toBe('awaiting');
    expect(await kinds()).toEqual(['lock', 'status']);
  });

  it('returns the request already open under the same ref', async () => {
    const first = await open();
    const second = await open();
    expect(second.id).toBe(first.id);
    expect(await inbox.listOpen({ limit: 10 })).toHaveLength(1);
  });

  it('keeps the execution waiting until the last of several requests is answered', async () => {
    const [a, b] = [await open('a'), await open('b')];
    await inbox.answer(a.id, {}, 'ann');
    expect(await status()).toBe('awaiting');
    await inbox.answer(b.id, {}, 'ann');
    expect(await status()).toBe('running');
  });
});

describe('inbox.answer()', () => {
  it('lets exactly one of many answers win and tells the others who it was', async () => {
    const { id } = await open();
    const people = ['ann', 'bob', 'cas', 'dan'];
    const results = await Promise.allSettled(people.map((by) => inbox.answer(id, { by }, by)));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    expect(taken).toEqual([{ by: 'ann', inputs: { by: 'ann' } }]);
    for (const result of results.slice(1)) {
      expect(result).toMatchObject({ reason: { code: 'already_answered', detail: expect.stringContaining('ann') } });
    }
  });

  it('leaves the request open when the answer is not valid', async () => {
    const { id } = await open();
    await expect(inbox.answer(id, { bad: true }, 'ann')).rejects.toMatchObject({ fields: { bad: ['no'] } });
    await inbox.answer(id, {}, 'ann');
    expect(taken).toHaveLength(1);
  });

  it('refuses an answer that comes too late, also before the request was seen to expire', async () => {
    const { id } = await open('lock#1', new Date('2030-01-01T00:01:00Z'));
    now = new Date('2030-01-01T00:01:00Z');
    await expect(inbox.answer(id, {}, 'ann')).rejects.toMatchObject({ code: 'request_expired' });
  });

  it('refuses an answer to a request that was withdrawn', async () => {
    const { id } = await open();
    await temporary.store.write((tx) => inbox.withdraw(tx, { execution }));
    await expect(inbox.answer(id, {}, 'ann')).rejects.toMatchObject({ code: 'request_expired' });
    expect(await status()).toBe('running');
  });

  it('says so when there is no such request', async () => {
    await expect(inbox.answer(execution, {}, 'ann')).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('inbox.expire()', () => {
  it('ends requests whose time is over, once, and no others', async () => {
    await open('short', new Date('2030-01-01T00:01:00Z'));
    await open('long', new Date('2030-01-02T00:00:00Z'));
    now = new Date('2030-01-01T00:01:00Z');
    expect(await inbox.expire(now)).toBe(1);
    expect(await inbox.expire(now)).toBe(0);
    expect(taken).toEqual(['expired']);
    expect(await inbox.listOpen({ limit: 10 })).toHaveLength(1);
  });
});
