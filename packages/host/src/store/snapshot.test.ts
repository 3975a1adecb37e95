import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addExecution } from '../log/fixtures.ts';
import { openDatabase } from './node-sqlite.ts';
import { detachSnapshot, readSnapshot, snapshotStore } from './snapshot.ts';
import { migrationNames, openStore } from './store.ts';
import { temporaryStore } from './temporary.ts';

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let copy: string;
beforeEach(async () => {
  temporary = await temporaryStore();
  copy = join(dirname(temporary.path), 'copy.db');
});
afterEach(() => temporary.remove());

describe('snapshotStore()', () => {
  it('copies what is committed, in the middle of a write, and the write goes on', async () => {
    const { store, path } = temporary;
    await addExecution(store);
    await store.write(async (tx) => {
      await tx.db.insertInto('meta').values({ key: 'a', value: '1' }).execute();
      expect(snapshotStore(path, copy)).toEqual({ level: migrationNames.at(-1), executions: 1, sessions: [] });
      await tx.db.insertInto('meta').values({ key: 'b', value: '2' }).execute();
    });
    expect(await store.db.selectFrom('meta').selectAll().execute()).toHaveLength(2);
    const copied = await openStore(copy);
    expect(await copied.db.selectFrom('meta').selectAll().execute()).toEqual([]);
    expect(await copied.db.selectFrom('executions').select('service').execute()).toEqual([{ service: 'test' }]);
    await copied.close();
  });

  it('refuses a target that is there', () => {
    snapshotStore(temporary.path, copy);
    expect(() => snapshotStore(temporary.path, copy)).toThrowError(expect.objectContaining({ code: 'store_unusable' }));
  });

  it.each([
    ['a newer Airlock has migrated', "INSERT INTO kysely_migration (name, timestamp) VALUES ('9999-future', '2030')"],
    ['has had no migration', 'DELETE FROM kysely_migration'],
    ['is no store', 'DROP TABLE kysely_migration'],
  ])('refuses a store that %s', (_, sql) => {
    const database = openDatabase(temporary.path);
    database.exec(sql);
    database.close();
    for (const read of [() => snapshotStore(temporary.path, copy), () => readSnapshot(temporary.path)]) {
      expect(read).toThrowError(expect.objectContaining({ code: 'store_unusable' }));
    }
  });
});

describe('detachSnapshot()', () => {
  it('leaves one file', () => {
    snapshotStore(temporary.path, copy);
    detachSnapshot(copy);
    expect(readdirSync(dirname(copy)).filter((name) => name.startsWith('copy'))).toEqual(['copy.db']);
  });
});
