import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { SqliteDatabase, SqliteStatement } from 'kysely';

const maxCachedStatements = 200;

/** `node:sqlite` in the form Kysely's SQLite dialect expects, with its prepared statements kept. */
export function toKyselyDatabase(database: DatabaseSync): SqliteDatabase {
  const cache = new Map<string, SqliteStatement>();
  return {
    close: () => {
      cache.clear();
      if (database.isOpen) database.close();
    },
    prepare: (sql) => {
      const kept = cache.get(sql);
      if (kept) return kept;
      const statement = toStatement(database.prepare(sql));
      if (cache.size >= maxCachedStatements) cache.clear();
      cache.set(sql, statement);
      return statement;
    },
  };
}

export type Prepare = (sql: string) => StatementSync;

/** Prepared statements of a connection by their text, which must come from a few. */
export function createPrepare(database: DatabaseSync): Prepare {
  const prepared = new Map<string, StatementSync>();
  return (sql) => {
    const statement = prepared.get(sql) ?? database.prepare(sql);
    prepared.set(sql, statement);
    return statement;
  };
}

export type Writer = ReturnType<typeof createWriter>;

/** Transactions on a connection. */
export function createWriter(database: DatabaseSync) {
  const prepare = createPrepare(database);

  return {
    prepare,
    /** Takes the file at once: a write that began by reading could not go on after another process has written. */
    begin: () => void prepare('begin immediate').run(),
    commit: () => void prepare('commit').run(),
    /** A full disk makes SQLite roll back by itself; rolling back once more would fail and hide why. */
    rollback: () => {
      if (database.isTransaction) prepare('rollback').run();
    },
  };
}

function toStatement(statement: StatementSync): SqliteStatement {
  const values = (parameters: ReadonlyArray<unknown>) => parameters as ReadonlyArray<SQLInputValue>;
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...values(parameters)),
    run: (parameters) => statement.run(...values(parameters)),
    iterate: (parameters) => statement.iterate(...values(parameters)) as IterableIterator<unknown>,
  };
}

/** Opens a file with the settings every connection of ours has: WAL, a commit is on disk when it returns. */
export function openDatabase(path: string, options: { readOnly?: boolean } = {}): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: options.readOnly ?? false, enableForeignKeyConstraints: true });
  database.exec('PRAGMA busy_timeout = 5000');
  if (!options.readOnly) {
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = FULL');
  }
  return database;
}
