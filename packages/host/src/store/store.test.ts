import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fromSqlText } from './migrations/fixtures/sql-text.ts';
import { openDatabase } from './node-sqlite.ts';
import { describeStore } from './store.contract.ts';
import { openStore } from './store.ts';
import { temporaryStore } from './temporary.ts';

const oldest = join(import.meta.dirname, 'migrations/fixtures/0001-start.sql');

describeStore('SQLite, made anew', temporaryStore);
describeStore('SQLite, with the rows of an older one', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'airlock-store-'));
  const path = join(dir, 'airlock.db');
  fromSqlText(path, readFileSync(oldest, 'utf8'));
  const store = await openStore(path);
  return {
    store,
    async remove() {
      await store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
});

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
beforeEach(async () => {
  temporary = await temporaryStore();
});
afterEach(() => temporary.remove());

describe('store.write() on SQLite', () => {
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
