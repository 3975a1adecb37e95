import type { SQLInputValue } from 'node:sqlite';
import { AirlockError } from '@airlock/protocol/errors';
import { Kysely, SqliteDialect } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { start } from './migrations/0001-start.ts';
import { resume } from './migrations/0002-resume.ts';
import { durable } from './migrations/0003-durable.ts';
import { files } from './migrations/0004-files.ts';
import { versions } from './migrations/0005-versions.ts';
import { sessions } from './migrations/0006-sessions.ts';
import {
  createPrepare,
  createWriter,
  openDatabase,
  type Prepare,
  toKyselyDatabase,
  type Writer,
} from './node-sqlite.ts';
import type { Schema } from './schema.ts';
import type { Statement } from './statement.ts';

/** A write in progress. Await nothing in it but its own queries: every other writer waits for it. */
export interface Tx {
  readonly db: Kysely<Schema>;
  /** Runs a compiled query; resolves with its rows. */
  run<P extends object, R>(statement: Statement<P, R>, parameters: P): Promise<R[]>;
  /** Runs once the write is on disk, in the order registered; not at all when it fails. Must not throw. */
  afterCommit(run: () => void): void;
}

export interface Store {
  /** For reading what is committed. */
  readonly db: Kysely<Schema>;
  /** Reads what is committed with a compiled query; resolves with its rows. */
  run<P extends object, R>(statement: Statement<P, R>, parameters: P): Promise<R[]>;
  /** Runs `work` in one transaction, one after another. Rejects with `disk_full` or `store_unusable` if it cannot. */
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const migrations: Record<string, Migration> = {
  '0001-start': start,
  '0002-resume': resume,
  '0003-durable': durable,
  '0004-files': files,
  '0005-versions': versions,
  '0006-sessions': sessions,
};

/** Every migration this Airlock knows, oldest first. The last one a store has had is its level. */
export const migrationNames: readonly string[] = Object.keys(migrations);

/** Opens (or makes) the SQLite store at `path` and migrates it forward. A store of a newer Airlock is refused. */
export async function openStore(path: string): Promise<Store> {
  const database = openOrExplain(path);
  const writer = new Kysely<Schema>({ dialect: new SqliteDialect({ database: toKyselyDatabase(database) }) });
  try {
    await migrate(writer);
  } catch (error) {
    await writer.destroy();
    throw error;
  }
  const readable = openDatabase(path, { readOnly: true });
  const reader = new Kysely<Schema>({ dialect: new SqliteDialect({ database: toKyselyDatabase(readable) }) });
  return createStore(createWriter(database), writer, { db: reader, prepare: createPrepare(readable) });
}

function openOrExplain(path: string) {
  try {
    return openDatabase(path);
  } catch (error) {
    throw storeError(error, path);
  }
}

async function migrate(db: Kysely<Schema>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw storeError(error, 'migration');
}

interface Reader {
  readonly db: Kysely<Schema>;
  readonly prepare: Prepare;
}

function runWith(prepare: Prepare): Store['run'] {
  return async ({ sql, values }, parameters) => prepare(sql).all(...(values(parameters) as SQLInputValue[])) as never;
}

function createStore({ begin, commit, rollback, prepare }: Writer, writer: Kysely<Schema>, reader: Reader): Store {
  let last: Promise<unknown> = Promise.resolve();

  async function run<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const hooks: Array<() => void> = [];
    const tx: Tx = {
      db: writer,
      run: runWith(prepare),
      afterCommit: (hook) => hooks.push(hook),
    };
    let result: T;
    try {
      begin();
      result = await work(tx);
      commit();
    } catch (error) {
      rollback();
      throw storeError(error, 'write');
    }
    for (const hook of hooks) hook();
    return result;
  }

  return {
    db: reader.db,
    run: runWith(reader.prepare),
    write(work) {
      const done = last.then(() => run(work));
      last = done.catch(() => undefined);
      return done;
    },
    async close() {
      await last;
      await reader.db.destroy();
      await writer.destroy();
    },
  };
}

/** SQLite's own faults as ours; whatever else was thrown stays as it is. */
export function storeError(error: unknown, where: string): unknown {
  if (error instanceof AirlockError) return error;
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : undefined;
  const message = error instanceof Error ? error.message : String(error);
  if (code === sqliteFull || code === sqliteNoSharedMemory)
    return new AirlockError('disk_full', message, { cause: error });
  if (code !== undefined || message.includes('migration')) {
    return new AirlockError('store_unusable', `${message} (${where})`, { cause: error });
  }
  return error;
}

const sqliteFull = 13;
/** No room for the file that readers of a write-ahead log share. */
const sqliteNoSharedMemory = 4874;
