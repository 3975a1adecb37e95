import { AirlockError } from '@airlock/protocol/errors';
import type { JsonObject } from '@airlock/protocol/json';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addExecution } from '../log/fixtures.ts';
import { createLog, type Log } from '../log/log.ts';
import { openStore, type Store } from '../store/store.ts';
import { temporaryStore } from '../store/temporary.ts';
import { createTimers, type Timers } from '../timers/timers.ts';
import { mostTries } from './defaults.ts';
import { createInbox, type Inbox, type OpenRequest } from './inbox.ts';
import type { FormAsk } from './request-row.ts';

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let log: Log;
let timers: Timers;
let inbox: Inbox;
let execution: string;
let now: Date;
let taken: Array<JsonObject | 'expired' | string>;
/** What the service says to any answer now. */
let refusal: AirlockError | undefined;

const ask: FormAsk = { kind: 'form', name: 'approve', elements: [] };
const ann = { name: 'ann', role: 'admin' } as const;
const member = (name: string) => ({ name, role: 'member' }) as const;

/** A host's inbox over a store; `checking` is waited for before an answer is found valid. */
function make(store: Store, checking: Promise<void> = Promise.resolve()): { inbox: Inbox; timers: Timers; log: Log } {
  const made: { inbox: Inbox; timers: Timers; log: Log } = {
    log: createLog(store, () => now),
    timers: createTimers({
      store,
      clock: () => now,
      handler: ({ ref }) => made.inbox.expireRequest(ref),
      logger: { warn: () => undefined },
    }),
    inbox: undefined as never,
  };
  made.inbox = createInbox({
    store,
    log: made.log,
    timers: made.timers,
    clock: () => now,
    owner: () => ({
      check: async (_row, inputs) => {
        await checking;
        if (refusal) throw refusal;
        return { inputs };
      },
      answered: async (_tx, _row, settlement) => void taken.push(settlement.inputs),
      expired: async (_tx, _row, why) => void taken.push(why ?? 'expired'),
    }),
  });
  return made;
}

beforeEach(async () => {
  temporary = await temporaryStore();
  now = new Date('2030-01-01T00:00:00Z');
  taken = [];
  refusal = undefined;
  ({ inbox, log, timers } = make(temporary.store));
  execution = await addExecution(temporary.store);
});
afterEach(() => temporary.remove());

const open = (request: Partial<OpenRequest> = {}) =>
  temporary.store.write((tx) =>
    inbox.open(tx, { execution, session: null, ask, ref: 'lock#1', expiresAt: null, ...request }),
  );
const status = async () =>
  (await temporary.store.db.selectFrom('executions').select('status').executeTakeFirstOrThrow()).status;
const events = () => log.read(execution, 0, 100);
const kinds = async () => (await events()).map((event) => event.kind);
const timersLeft = async () => (await temporary.store.db.selectFrom('timers').selectAll().execute()).length;
const minute = new Date('2030-01-01T00:01:00Z');

describe('inbox.open()', () => {
  it('X1. makes the execution wait, in the same write as the request, its event and its timer', async () => {
    const failing = temporary.store.write(async (tx) => {
      await inbox.open(tx, { execution, session: null, ask, ref: 'other', expiresAt: minute });
      throw new RangeError('No');
    });
    await expect(failing).rejects.toThrow('No');
    expect([await inbox.listOpen({ limit: 9 }), await kinds(), await timersLeft()]).toEqual([[], [], 0]);
    await open({ expiresAt: minute });
    expect(await status()).toBe('awaiting');
    expect(await kinds()).toEqual(['lock', 'status']);
    expect(await timersLeft()).toBe(1);
  });

  it('returns the request already open under the same ref', async () => {
    const first = await open();
    const second = await open();
    expect(second.id).toBe(first.id);
    expect(await inbox.listOpen({ limit: 10 })).toHaveLength(1);
  });

  it('keeps the execution waiting until the last of several requests is answered', async () => {
    const [a, b] = [await open({ ref: 'a' }), await open({ ref: 'b' })];
    await inbox.answer(a.id, {}, ann);
    expect(await status()).toBe('awaiting');
    await inbox.answer(b.id, {}, ann);
    expect(await status()).toBe('running');
  });
});

describe('inbox.answer()', () => {
  it('X2. lets exactly one of many answers win and tells the others who it was, and when', async () => {
    const { id } = await open({ expiresAt: minute });
    const people = ['ann', 'bob', 'cas', 'dan'];
    const results = await Promise.allSettled(people.map((name) => inbox.answer(id, { name }, { name, role: 'admin' })));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    expect(taken).toEqual([{ name: 'ann' }]);
    for (const result of results.slice(1)) {
      const detail = 'ann answered at 2030-01-01T00:00:00.000Z';
      expect(result).toMatchObject({ reason: { code: 'already_answered', detail } });
    }
    expect(await timersLeft()).toBe(0);
  });

  it('X2. lets one win also when each came to another host', async () => {
    const second = await openStore(temporary.path);
    const { id } = await open();
    const checking = Promise.withResolvers<void>();
    const late = make(second, checking.promise).inbox.answer(id, { by: 'bob' }, { name: 'bob', role: 'admin' });
    await inbox.answer(id, { by: 'ann' }, ann);
    checking.resolve();
    await expect(late).rejects.toMatchObject({ code: 'already_answered', detail: expect.stringContaining('ann') });
    await second.close();
    expect(taken).toHaveLength(1);
    expect((await kinds()).filter((kind) => kind === 'lease')).toHaveLength(1);
  });

  it('X3. is on disk when it resolves, seen by another connection', async () => {
    const { id } = await open();
    await inbox.answer(id, { kept: true }, ann);
    const second = await openStore(temporary.path);
    const row = await second.db.selectFrom('requests').selectAll().executeTakeFirstOrThrow();
    await second.close();
    expect(row).toMatchObject({ status: 'answered', answered_by: 'ann', answer: '{"kept":true}' });
  });

  it('X4. leaves the request open when the answer is not valid, or cannot be checked now', async () => {
    const { id } = await open();
    for (const code of ['invalid_inputs', 'service_unavailable'] as const) {
      refusal = new AirlockError(code, 'no', { fields: { bad: ['no'] } });
      await expect(inbox.answer(id, {}, ann)).rejects.toMatchObject({ code, fields: { bad: ['no'] } });
      expect(await status()).toBe('awaiting');
    }
    refusal = undefined;
    await inbox.answer(id, {}, ann);
    expect(taken).toHaveLength(1);
  });

  it('X5. is refused to those who may not, naming who may', async () => {
    const { id } = await open({ assign: { users: ['bob'] } });
    await expect(inbox.answer(id, {}, member('cas'))).rejects.toMatchObject({
      code: 'forbidden',
      detail: 'This may be answered by bob, administrators',
    });
    await inbox.answer(id, {}, member('bob'));
    expect(taken).toHaveLength(1);
  });

  it('refuses an answer that comes too late, also before the request was seen to expire', async () => {
    const { id } = await open({ expiresAt: minute });
    now = minute;
    await expect(inbox.answer(id, {}, ann)).rejects.toMatchObject({ code: 'request_expired' });
  });

  it('refuses an answer to a request that was withdrawn', async () => {
    const { id } = await open({ expiresAt: minute });
    await temporary.store.write((tx) => inbox.withdraw(tx, { execution }));
    const detail = expect.stringContaining('withdrawn');
    await expect(inbox.answer(id, {}, ann)).rejects.toMatchObject({ code: 'request_expired', detail });
    expect(await status()).toBe('running');
    expect(await timersLeft()).toBe(0);
  });

  it('says so when there is no such request', async () => {
    await expect(inbox.answer(execution, {}, ann)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('inbox.listOpen()', () => {
  it('shows people what they may answer, page by page', async () => {
    const mine = await open({ ref: 'a', assign: { users: ['bob'] } });
    await open({ ref: 'b' });
    const everyones = await open({ ref: 'c', assign: { roles: ['member'] } });
    const bob = member('bob');
    expect((await inbox.listOpen({ limit: 9, user: bob })).map(({ id }) => id)).toEqual([mine.id, everyones.id]);
    expect((await inbox.listOpen({ limit: 1, user: bob, after: mine.id })).map(({ id }) => id)).toEqual([everyones.id]);
    expect(await inbox.listOpen({ limit: 9, user: ann })).toHaveLength(3);
    expect(await inbox.listOpen({ limit: 9, user: member('admin') })).toHaveLength(2);
  });

  it('finds what somebody may answer behind any number of others', async () => {
    await temporary.store.write(async (tx) => {
      const request = { execution, session: null, ask, expiresAt: null };
      for (let n = 0; n < 450; n += 1) {
        await inbox.open(tx, { ...request, ref: `for cas ${n}`, assign: { users: ['cas'] } });
      }
      await inbox.open(tx, { ...request, ref: 'for bob', assign: { users: ['bob'] } });
    });
    expect(await inbox.listOpen({ limit: 9, user: member('bob') })).toHaveLength(1);
    expect(await inbox.listOpen({ limit: 250, user: member('cas') })).toHaveLength(250);
    expect(await inbox.listOpen({ limit: 900, user: member('cas') })).toHaveLength(450);
    expect(await inbox.listOpen({ limit: 9, user: member('eve') })).toEqual([]);
  });
});

describe('a request whose time is over', () => {
  it('X6. fails, once, and no other does', async () => {
    const { id } = await open({ ref: 'short', expiresAt: minute });
    await open({ ref: 'long', expiresAt: new Date('2030-01-02T00:00:00Z') });
    now = minute;
    await timers.tick();
    await inbox.expireRequest(id);
    expect(taken).toEqual(['expired']);
    expect(await inbox.listOpen({ limit: 10 })).toHaveLength(1);
    expect(await timersLeft()).toBe(1);
  });

  it('X6. takes its default as an answer would be, by nobody', async () => {
    await open({ expiresAt: minute, otherwise: { ok: false } });
    now = minute;
    await timers.tick();
    expect(taken).toEqual([{ ok: false }]);
    const [end] = (await events()).filter(({ kind }) => kind === 'lease');
    expect(end?.payload).toMatchObject({ outcome: 'expired', inputs: { ok: false } });
    expect(end?.payload).not.toHaveProperty('by');
    expect(await status()).toBe('running');
  });

  it('X6. fails and says why when its default is refused', async () => {
    await open({ expiresAt: minute, otherwise: { ok: false } });
    now = minute;
    refusal = new AirlockError('invalid_inputs', 'It must be true');
    await timers.tick();
    expect(taken).toEqual(['Some values are not valid: It must be true']);
  });

  it.each(['service_unavailable', 'owned_elsewhere', 'disk_full', 'service_not_loaded'] as const)(
    'X6. waits while its default cannot be checked (%s), however long the host was down, but not for ever',
    async (code) => {
      const { id } = await open({ expiresAt: minute, otherwise: { ok: false } });
      now = new Date('2030-02-01T00:00:00Z');
      refusal = new AirlockError(code, 'Not now');
      for (let tries = 1; tries < mostTries; tries += 1) {
        await expect(inbox.expireRequest(id)).rejects.toMatchObject({ code });
      }
      expect(await status()).toBe('awaiting');
      await inbox.expireRequest(id);
      expect(taken).toEqual([expect.stringContaining('Not now')]);
      expect(await status()).toBe('running');
    },
  );

  it('X6. takes its default as soon as that can be checked', async () => {
    const { id } = await open({ expiresAt: minute, otherwise: { ok: false } });
    now = minute;
    refusal = new AirlockError('service_unavailable', 'It is starting');
    await expect(inbox.expireRequest(id)).rejects.toMatchObject({ code: 'service_unavailable' });
    refusal = undefined;
    await inbox.expireRequest(id);
    expect(taken).toEqual([{ ok: false }]);
  });
});
