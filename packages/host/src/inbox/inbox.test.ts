import { AirlockError } from '@airlock/protocol/errors';
import type { JsonObject } from '@airlock/protocol/json';
import type { Request } from '@airlock/protocol/requests';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addExecution } from '../log/fixtures.ts';
import { createLog, type Log } from '../log/log.ts';
import { openStore, type Store } from '../store/store.ts';
import { temporaryStore } from '../store/temporary.ts';
import { createTimers, type Timers } from '../timers/timers.ts';
import { mostTries } from './defaults.ts';
import { createInbox, type Inbox, type OpenRequest } from './inbox.ts';
import { cursorOf } from './open-requests.ts';
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
      handler: (timer) => made.inbox.fire(timer),
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

describe('inbox.handOn()', () => {
  const addUser = (name: string) =>
    temporary.store.write((tx) =>
      tx.db.insertInto('users').values({ name, role: 'member', password_hash: '', created_at: '' }).execute(),
    );

  it('X7. gives it to a user, with a word, and to nobody else but the owner', async () => {
    await addUser('cas');
    const { id } = await open({ assign: { users: ['bob'] }, expiresAt: minute });
    await inbox.handOn(id, { to: { user: 'cas' }, note: 'You know them' }, member('bob'));
    expect(await inbox.get(id)).toMatchObject({
      assign: { users: ['cas'], owner: true },
      handed: { by: 'bob', note: 'You know them', at: '2030-01-01T00:00:00.000Z' },
    });
    expect((await events()).at(-1)).toMatchObject({
      kind: 'assigned',
      payload: { request: id, by: 'bob', note: 'You know them', assign: { users: ['cas'], owner: true } },
    });
    await expect(inbox.answer(id, {}, member('bob'))).rejects.toMatchObject({ code: 'forbidden' });
    expect(await inbox.listOpen({ limit: 9, user: member('cas') })).toHaveLength(1);
    await inbox.answer(id, {}, member('cas'));
    expect(taken).toHaveLength(1);
  });

  it('X7. leaves it with the owner when it is given to a role, and ends as before', async () => {
    const { id } = await open({ expiresAt: minute });
    await inbox.handOn(id, { to: { role: 'member' } }, ann);
    await inbox.handOn(id, { to: { role: 'admin' } }, member('dan'));
    await expect(inbox.answer(id, {}, member('dan'))).rejects.toMatchObject({ code: 'forbidden' });
    await inbox.answer(id, {}, member('admin'));
    expect(await timersLeft()).toBe(0);
  });

  it('refuses strangers, unknown users, and what is answered or over, and changes nothing', async () => {
    await addUser('cas');
    const { id } = await open({ expiresAt: minute });
    const hand = (user: string, by = ann) => inbox.handOn(id, { to: { user } }, by);
    await expect(inbox.handOn(id, { to: { user: 'cas' } }, member('cas'))).rejects.toMatchObject({ code: 'forbidden' });
    await expect(hand('nobody')).rejects.toMatchObject({
      code: 'invalid_inputs',
      fields: { to: ['There is no user nobody'] },
    });
    now = minute;
    await expect(hand('cas')).rejects.toMatchObject({ code: 'request_expired' });
    now = new Date('2030-01-01T00:00:00Z');
    await inbox.answer(id, {}, ann);
    await expect(hand('cas')).rejects.toMatchObject({ code: 'already_answered' });
    expect(await kinds()).not.toContain('assigned');
  });

  it('does not come between an answer and its check', async () => {
    await addUser('cas');
    const checking = Promise.withResolvers<void>();
    const slow = make(temporary.store, checking.promise).inbox;
    const { id } = await open();
    const answering = slow.answer(id, {}, ann);
    const handing = slow.handOn(id, { to: { user: 'cas' } }, ann);
    checking.resolve();
    await answering;
    await expect(handing).rejects.toMatchObject({ code: 'already_answered' });
  });
});

describe('rules of a request', () => {
  const at = (ms: number) => {
    now = new Date(Date.UTC(2030, 0, 1) + ms);
    return timers.tick();
  };
  const reminders = async () =>
    (await events()).flatMap(({ kind, payload, at: when }) =>
      kind === 'reminder' ? [[payload.n, when.slice(17, 23)]] : [],
    );

  it('X8. remind people at their times, each once, and those missed once together', async () => {
    const { id } = await open({ remindMs: [3_000, 1_000, 2_000, 20_000], expiresAt: minute });
    await at(999);
    expect(await reminders()).toEqual([]);
    await at(1_000);
    await inbox.fire({ kind: 'remind', ref: id });
    expect((await inbox.get(id)).remindedAt).toBe('2030-01-01T00:00:01.000Z');
    const second = await openStore(temporary.path);
    now = new Date(Date.UTC(2030, 0, 1) + 10_000);
    await make(second).timers.tick();
    await second.close();
    expect(await reminders()).toEqual([
      [1, '01.000'],
      [2, '10.000'],
    ]);
    await inbox.answer(id, {}, ann);
    expect(await timersLeft()).toBe(0);
    await at(30_000);
    expect(await reminders()).toHaveLength(2);
  });

  it('X8. give it to others, too, once nobody has answered', async () => {
    const { id } = await open({ assign: { users: ['bob'] }, escalate: { afterMs: 5_000, to: { user: 'cas' } } });
    await expect(inbox.answer(id, {}, member('cas'))).rejects.toMatchObject({ code: 'forbidden' });
    await inbox.fire({ kind: 'escalate', ref: id });
    await at(5_000);
    await inbox.fire({ kind: 'escalate', ref: id });
    expect(await kinds()).toEqual(['lock', 'status', 'assigned']);
    expect(await inbox.get(id)).toMatchObject({
      assign: { users: ['bob', 'cas'] },
      handed: { at: expect.any(String) },
    });
    await inbox.answer(id, {}, member('cas'));
    expect(taken).toHaveLength(1);
  });

  it('X8. leave the owner among those who may, and nothing of an answered request', async () => {
    const asked = { escalate: { afterMs: 5_000, to: { role: 'member' } as const }, remindMs: [1_000] };
    const [a, b] = [await open({ ref: 'a', ...asked }), await open({ ref: 'b', ...asked })];
    expect(await timersLeft()).toBe(4);
    await inbox.answer(b.id, {}, ann);
    expect(await timersLeft()).toBe(2);
    await at(5_000);
    expect((await inbox.get(a.id)).assign).toMatchObject({ owner: true, roles: ['member'] });
    expect((await inbox.get(b.id)).assign).toBeUndefined();
    expect(await timersLeft()).toBe(0);
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

  it('gives them by when they are due, those without a time last, each once while others close', async () => {
    const at = (second: number) => new Date(Date.UTC(2030, 0, 1, 1, 0, second));
    const times = [9, null, 3, 3, null, 7, 1];
    const ids: string[] = [];
    for (const [n, second] of times.entries()) {
      ids.push((await open({ ref: `due ${n}`, expiresAt: second === null ? null : at(second) })).id);
    }
    const expected = [6, 2, 3, 5, 0, 1, 4].map((n) => ids[n]);
    const due = { order: 'due' } as const;
    expect((await inbox.listOpen({ ...due, limit: 9 })).map(({ id }) => id)).toEqual(expected);
    const seen: string[] = [];
    for (let after: string | undefined; ; ) {
      const page: Request[] = await inbox.listOpen({ ...due, limit: 2, after, user: ann });
      const last = page.at(-1);
      if (!last) break;
      seen.push(...page.map(({ id }) => id));
      after = cursorOf(last, 'due');
      if (seen.length === 2) await inbox.answer(seen[1] ?? '', {}, ann);
    }
    expect(seen).toEqual(expected);
    await expect(inbox.listOpen({ ...due, limit: 2, after: ids[0] })).rejects.toMatchObject({ code: 'bad_request' });
  });

  it('gives those of a kind, a service or an execution alone', async () => {
    await open();
    const count = async (query: object) => (await inbox.listOpen({ limit: 9, ...query })).length;
    expect(await Promise.all([{ kind: 'form' }, { service: 'test' }, { execution }].map(count))).toEqual([1, 1, 1]);
    expect(await Promise.all([{ kind: 'tool' }, { service: 'x' }, { execution: 'x' }].map(count))).toEqual([0, 0, 0]);
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
    await inbox.fire({ kind: 'expiry', ref: id });
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
        await expect(inbox.fire({ kind: 'expiry', ref: id })).rejects.toMatchObject({ code });
      }
      expect(await status()).toBe('awaiting');
      await inbox.fire({ kind: 'expiry', ref: id });
      expect(taken).toEqual([expect.stringContaining('Not now')]);
      expect(await status()).toBe('running');
    },
  );

  it('X6. takes its default as soon as that can be checked', async () => {
    const { id } = await open({ expiresAt: minute, otherwise: { ok: false } });
    now = minute;
    refusal = new AirlockError('service_unavailable', 'It is starting');
    await expect(inbox.fire({ kind: 'expiry', ref: id })).rejects.toMatchObject({ code: 'service_unavailable' });
    refusal = undefined;
    await inbox.fire({ kind: 'expiry', ref: id });
    expect(taken).toEqual([{ ok: false }]);
  });
});
