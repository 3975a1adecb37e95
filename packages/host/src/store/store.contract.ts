import { AirlockError } from '@airlock/protocol/errors';
import { noUsage } from '@airlock/protocol/usage';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId } from './ids.ts';
import type { Store, Tx } from './store.ts';

/** A store under test; it may hold rows already. `remove` closes it and takes it away. */
export interface OpenedStore {
  readonly store: Store;
  remove(): Promise<void>;
}

/** What everyone above the store counts on, whatever it is made of. */
export function describeStore(name: string, open: () => Promise<OpenedStore>): void {
  describe(`a store: ${name}`, () => {
    let opened: OpenedStore;
    let store: Store;
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.remove());

    const put = (tx: Tx, key: string, value = '') => tx.db.insertInto('meta').values({ key, value }).execute();
    const get = async (key: string) =>
      (await store.db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst())?.value;

    async function addExecution(id: string = newId()): Promise<string> {
      const at = '2030-01-01T00:00:00.000Z';
      const of = { service: 's', title: 'T', user: 'u', status: 'running', inputs: '{}', excerpt: '', result: null };
      const row = { ...of, id, started_at: at, ended_at: null, usage: JSON.stringify(noUsage) };
      await store.write((tx) => tx.db.insertInto('executions').values(row).execute());
      return id;
    }

    const addEvent = (execution: string, seq = 1) =>
      store.write((tx) =>
        tx.db.insertInto('events').values({ execution, seq, at: 'now', kind: 'debug', payload: '{}' }).execute(),
      );

    describe('write()', () => {
      it('gives back what the work gave, keeps what it wrote, and runs hooks after that, in order', async () => {
        const seen: unknown[] = [];
        const result = await store.write(async (tx) => {
          tx.afterCommit(() => seen.push('first'));
          await put(tx, 'a', '1');
          tx.afterCommit(() => seen.push('second'));
          expect(seen).toEqual([]);
          return 7;
        });
        expect(result).toBe(7);
        expect(seen).toEqual(['first', 'second']);
        expect(await get('a')).toBe('1');
      });

      it('undoes everything and runs no hook when the work fails, and fails with the same error', async () => {
        const error = new AirlockError('not_found', 'nothing');
        const failing = store.write(async (tx) => {
          tx.afterCommit(() => expect.unreachable('a hook of a failed write ran'));
          await put(tx, 'a', '1');
          throw error;
        });
        await expect(failing).rejects.toBe(error);
        expect(await get('a')).toBeUndefined();
      });

      it('undoes the whole write when one of its statements is refused', async () => {
        const failing = store.write(async (tx) => {
          await put(tx, 'a');
          await put(tx, 'b');
          await put(tx, 'a');
        });
        await expect(failing).rejects.toMatchObject({ code: 'store_unusable' });
        expect(await get('b')).toBeUndefined();
        await store.write((tx) => put(tx, 'b', 'later'));
        expect(await get('b')).toBe('later');
      });

      it('runs writes one after another, in the order they were asked for, hooks included', async () => {
        const order: string[] = [];
        const writes = Array.from({ length: 20 }, (_, n) =>
          store
            .write(async (tx) => {
              order.push(`begin ${n}`);
              const before = await tx.db.selectFrom('meta').selectAll().where('key', 'like', 'n%').execute();
              await put(tx, `n${n}`, `${before.length}`);
              tx.afterCommit(() => order.push(`end ${n}`));
              if (n % 3 === 2) throw new RangeError('no');
            })
            .catch((error: unknown) => expect(error).toBeInstanceOf(RangeError)),
        );
        await Promise.all(writes);
        const kept = Array.from({ length: 20 }, (_, n) => n).filter((n) => n % 3 !== 2);
        const expected = Array.from({ length: 20 }, (_, n) =>
          n % 3 === 2 ? [`begin ${n}`] : [`begin ${n}`, `end ${n}`],
        );
        expect(order).toEqual(expected.flat());
        expect(await Promise.all(kept.map((n) => get(`n${n}`)))).toEqual(kept.map((_, at) => `${at}`));
      });

      it('shows nobody else what is not committed, and itself what it wrote', async () => {
        await store.write(async (tx) => {
          await put(tx, 'a', '1');
          expect(await get('a')).toBeUndefined();
          const own = await tx.db.selectFrom('meta').select('value').where('key', '=', 'a').executeTakeFirst();
          expect(own).toEqual({ value: '1' });
        });
        expect(await get('a')).toBe('1');
      });
    });

    describe('close()', () => {
      it('waits for the writes asked for before', async () => {
        const { store: closing, remove } = await open();
        let isWritten = false;
        const writing = closing
          .write((tx) => put(tx, 'a', '1'))
          .then(() => {
            isWritten = true;
          });
        await closing.close();
        expect(isWritten).toBe(true);
        await writing;
        await remove();
      });
    });

    describe('keys', () => {
      it('refuses a row that belongs to nothing', async () => {
        await expect(addEvent(newId())).rejects.toMatchObject({ code: 'store_unusable' });
      });

      it('refuses the same row twice', async () => {
        const execution = await addExecution();
        await addEvent(execution);
        await expect(addEvent(execution)).rejects.toMatchObject({ code: 'store_unusable' });
        await expect(addExecution(execution)).rejects.toMatchObject({ code: 'store_unusable' });
      });

      it('takes what belongs to a row away with it, and nothing else', async () => {
        const [going, staying] = [await addExecution(), await addExecution()];
        for (const execution of [going, staying]) {
          await addEvent(execution);
          await addSession(store, execution);
        }
        await store.write((tx) => tx.db.deleteFrom('executions').where('id', '=', going).execute());
        for (const [execution, left] of [
          [going, 0],
          [staying, 1],
        ] as const) {
          const { db } = store;
          const session = `session of ${execution}`;
          const rows = [
            await db.selectFrom('events').select('seq').where('execution', '=', execution).execute(),
            await db.selectFrom('calls').select('key').where('execution', '=', execution).execute(),
            await db.selectFrom('requests').select('id').where('execution', '=', execution).execute(),
            await db.selectFrom('sessions').select('id').where('execution', '=', execution).execute(),
            await db.selectFrom('outbox').select('n').where('session', '=', session).execute(),
            await db.selectFrom('transcripts').select('id').where('session', '=', session).execute(),
          ];
          expect(rows.map(({ length }) => length)).toEqual([left, left, left, left, left, left]);
        }
      });
    });

    describe('statements', () => {
      it('compare and set: one of many wins, and each learns whether it was it', async () => {
        const execution = await addExecution();
        const close = (status: string) =>
          store.write(async (tx) => {
            const update = tx.db.updateTable('executions').set({ status }).where('id', '=', execution);
            return (await update.where('status', '=', 'running').executeTakeFirst()).numUpdatedRows;
          });
        expect(await Promise.all([close('finished'), close('error'), close('cancelled')])).toEqual([1n, 0n, 0n]);
      });

      it('count up and return the new value', async () => {
        const execution = await addExecution();
        const next = () =>
          store.write(async (tx) => {
            const up = tx.db.updateTable('executions').set((eb) => ({ last_seq: eb('last_seq', '+', 2) }));
            return (await up.where('id', '=', execution).returning('last_seq').executeTakeFirstOrThrow()).last_seq;
          });
        expect([await next(), await next()]).toEqual([2, 4]);
      });

      it('keep the row that is there when told to do nothing on a conflict', async () => {
        const execution = await addExecution();
        const record = (call: string) =>
          store.write((tx) =>
            tx.db
              .insertInto('calls')
              .values({ execution, key: 'k', made: 0, call, outcome: null, settled: null })
              .onConflict((conflict) => conflict.doNothing())
              .execute(),
          );
        await record('first');
        await record('second');
        const rows = await store.db.selectFrom('calls').select('call').where('execution', '=', execution).execute();
        expect(rows).toEqual([{ call: 'first' }]);
      });

      it('tell null from a value, and find either', async () => {
        const execution = await addExecution();
        await addSession(store, execution);
        const of = (session: string | null) =>
          store.db
            .selectFrom('requests')
            .select('id')
            .where('execution', '=', execution)
            .where('session', 'is not distinct from', session)
            .execute();
        expect([await of(null), await of('none')].map(({ length }) => length)).toEqual([1, 0]);
      });

      it('number transcripts upwards and never give a number again', async () => {
        const execution = await addExecution();
        const session = await addSession(store, execution);
        const add = async (uuid: string) => {
          const values = { session, project_key: 'p', subpath: '', uuid, entry: '{}' };
          return await store.write(
            async (tx) =>
              await tx.db.insertInto('transcripts').values(values).returning('id').executeTakeFirstOrThrow(),
          );
        };
        const [first, second] = [await add('a'), await add('b')];
        await store.write((tx) => tx.db.deleteFrom('transcripts').where('id', '=', second.id).execute());
        const third = await add('c');
        expect(second.id).toBeGreaterThan(first.id);
        expect(third.id).toBeGreaterThan(second.id);
      });

      it('keep text as it is, whatever is in it', async () => {
        const text = `'quotes' "double" \\ % _ \n ü 漢 😀 ${'x'.repeat(100_000)}`;
        await store.write((tx) => put(tx, 'text', text));
        expect(await get('text')).toBe(text);
      });

      it('order ids and times as text', async () => {
        const ids = [await addExecution(), await addExecution(), await addExecution()];
        const rows = await store.db
          .selectFrom('executions')
          .select('id')
          .where('id', 'in', ids)
          .where('started_at', '<', '2030-01-01T00:00:00.001Z')
          .orderBy('id', 'desc')
          .execute();
        expect(rows.map(({ id }) => id)).toEqual(ids.toReversed());
      });
    });
  });
}

/** A session with something of everything that belongs to it or its execution. */
async function addSession(store: Store, execution: string): Promise<string> {
  const id = `session of ${execution}`;
  const text = { state: 'live', options: '{}', image: 'i', token: 't', turn_usage: '{}' } as const;
  const none = {
    container: null,
    replaces: null,
    turn_call: null,
    turn_prompt: null,
    turn_frame: null,
    problem: null,
  };
  const numbers = { epoch: 0, up_committed: 0, down_queued: 0, losses: 0, turn_losses: 0 };
  await store.write(async ({ db }) => {
    await db
      .insertInto('sessions')
      .values({ id, execution, name: 'main', ...text, ...none, ...numbers })
      .execute();
    await db.insertInto('outbox').values({ session: id, n: 1, frame: '{}' }).execute();
    const entry = { session: id, project_key: 'p', subpath: '', uuid: null, entry: '{}' };
    await db.insertInto('transcripts').values(entry).execute();
    const call = { execution, key: 'key', made: 0, call: '{}', outcome: null, settled: null };
    await db.insertInto('calls').values(call).execute();
    // In words, so that columns which come later need not be named here.
    await sql`insert into requests (id, execution, kind, ask, ref, status, created_at)
      values (${newId()}, ${execution}, 'form', '{}', 'r', 'open', 'now')`.execute(db);
  });
  return id;
}
