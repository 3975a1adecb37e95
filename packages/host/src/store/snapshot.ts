import type { DatabaseSync } from 'node:sqlite';
import { AirlockError } from '@airlock/protocol/errors';
import { openDatabase } from './node-sqlite.ts';
import { migrationNames, storeError } from './store.ts';

/** What a copy of a store holds. */
export interface Snapshot {
  /** Name of the last migration it has had. */
  readonly level: string;
  readonly executions: number;
  readonly sessions: readonly { readonly id: string; readonly options: string }[];
}

/**
 * Copies a store into a new file as it is at one moment, while others go on writing to it. Rejects a store that cannot
 * be read, or that a newer Airlock has migrated, with `store_unusable`.
 */
export function snapshotStore(path: string, target: string): Snapshot {
  return inDatabase(path, { readOnly: true }, (database) => {
    readLevel(database, path);
    database.prepare('VACUUM INTO ?').run(target);
    return readSnapshot(target);
  });
}

export function readSnapshot(path: string): Snapshot {
  return inDatabase(path, { readOnly: true }, (database) => ({
    level: readLevel(database, path),
    executions: Number(database.prepare('SELECT count(*) AS n FROM executions').get()?.n),
    sessions: database
      .prepare('SELECT id, options FROM sessions ORDER BY id')
      .all()
      .map(({ id, options }) => ({ id: String(id), options: String(options) })),
  }));
}

/** A full container id that no engine gives. */
const noContainer = '0'.repeat(64);

/**
 * Takes out of a copy what was true only where it was made: a host that opens it finds the containers of its sessions
 * gone, and no other host that shares it.
 */
export function detachSnapshot(path: string): void {
  inDatabase(path, { readOnly: false }, (database) => {
    database.prepare('UPDATE sessions SET container = ? WHERE container IS NOT NULL').run(noContainer);
    const hosts = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'hosts'").get();
    if (hosts) database.exec('DELETE FROM hosts');
    // One file that can be moved: what the log holds goes into it.
    database.exec('PRAGMA journal_mode = DELETE');
  });
}

function readLevel(database: DatabaseSync, path: string): string {
  const name = database.prepare('SELECT max(name) AS name FROM kysely_migration').get()?.name;
  if (typeof name !== 'string') throw new AirlockError('store_unusable', `${path} has no migrations`);
  if (!migrationNames.includes(name)) {
    throw new AirlockError('store_unusable', `${path} was migrated to ${name}, which this Airlock does not know`);
  }
  return name;
}

function inDatabase<T>(path: string, options: { readOnly: boolean }, work: (database: DatabaseSync) => T): T {
  try {
    const database = openDatabase(path, options);
    try {
      return work(database);
    } finally {
      database.close();
    }
  } catch (error) {
    throw storeError(error, path);
  }
}
