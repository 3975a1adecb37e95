import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from './node-sqlite.ts';
import { openStore } from './store.ts';
import { temporaryStore } from './temporary.ts';

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
beforeEach(async () => {
  temporary = await temporaryStore();
});
afterEach(() => temporary.remove());

describe('store.write()', () => {
  it('keeps what it wrote and runs hooks after the commit, in order', async () => {
    const { store } = temporary;
    const seen: string[] = [];
    await store.write(async (tx) => {
      tx.afterCommit(() => seen.push('first'));
      tx.afterCommit(() => seen.push('second'));
      await tx.db.insertInto('meta').values({ key: 'a', value: '1' }).execute();
      expect(seen).toEqual([]);
    });
    expect(seen).toEqual(['first', 'second']);
    expect(await store.db.selectFrom('meta').selectAll().execute()).toEqual([{ key: 'a', value: '1' }]);
  });

  it('undoes everything and runs no hook when the work fails', async () => {
    const { store } = temporary;
    const failing = store.write(async (tx) => {
      tx.afterCommit(() => expect.unreachable('a hook of a failed write ran'));
      await tx.db.insertInto('meta').values({ key: 'a', value: '1' }).execute();
      throw new RangeError('no');
    });
    await expect(failing).rejects.toThrow(RangeError);
    expect(await store.db.selectFrom('meta').selectAll().execute()).toEqual([]);
  });

  it('runs writes one after another although many are asked for at once', async () => {
    const { store } = temporary;
    const add = (n: number) =>
      store.write(async (tx) => {
        const { count } = await tx.db
          .selectFrom('meta')
          .select((eb) => eb.fn.countAll<number>().as('count'))
          .executeTakeFirstOrThrow();
        await tx.db
          .insertInto('meta')
          .values({ key: `${n}`, value: `${count}` })
          .execute();
      });
    await Promise.all(Array.from({ length: 20 }, (_, n) => add(n)));
    const rows = await store.db.selectFrom('meta').selectAll().execute();
    expect(rows.every((row) => row.key === row.value)).toBe(true);
  });

  it('says that the disk is full when SQLite says so', async () => {
    const { store } = temporary;
    const filling = store.write(async (tx) => {
      const { sql } = await import('kysely');
      await sql`PRAGMA max_page_count = 1`.execute(tx.db);
      await tx.db
        .insertInto('meta')
        .values({ key: 'a', value: 'x'.repeat(1_000_000) })
        .execute();
    });
    await expect(filling).rejects.toMatchObject({ code: 'disk_full' });
  });
});

describe('openStore()', () => {
  it('opens a store it made before', async () => {
    const { store, path } = temporary;
    await store.write(async (tx) => {
      await tx.db.insertInto('meta').values({ key: 'a', value: '1' }).execute();
    });
    const again = await openStore(path);
    expect(await again.db.selectFrom('meta').selectAll().execute()).toHaveLength(1);
    await again.close();
  });

  it('refuses a store that a newer Airlock has migrated', async () => {
    const { path } = temporary;
    const database = openDatabase(path);
    database.exec("INSERT INTO kysely_migration (name, timestamp) VALUES ('9999-future', '2030-01-01')");
    database.close();
    await expect(openStore(path)).rejects.toMatchObject({ code: 'store_unusable' });
  });
});
