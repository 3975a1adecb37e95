import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCalls } from '../../executions/calls.ts';
import { toExecution } from '../../executions/execution-row.ts';
import { noSessions } from '../../executions/fixtures.ts';
import { createInbox, type Inbox } from '../../inbox/inbox.ts';
import { createLog, type Log } from '../../log/log.ts';
import { settingsOf } from '../../sessions/session-row.ts';
import { stillTimers } from '../../timers/fixtures.ts';
import { openDatabase } from '../node-sqlite.ts';
import { migrationNames, openStore, type Store } from '../store.ts';
import { fromSqlText, toSqlText } from './fixtures/sql-text.ts';

const folder = join(import.meta.dirname, 'fixtures');
const fixtures = readdirSync(folder).flatMap((file) => (file.endsWith('.sql') ? [file.slice(0, -4)] : []));

/** Tables whose rows belong to an execution and go with it. */
const ofExecutions = ['executions', 'events', 'calls', 'requests', 'sessions', 'outbox', 'transcripts'];

type Row = Readonly<Record<string, unknown>>;

/** Every row of every table, but for the notes migrations keep about themselves. */
function rowsOf(path: string): Map<string, Row[]> {
  const database = openDatabase(path, { readOnly: true });
  const tables = database
    .prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB 'kysely_*'",
    )
    .all()
    .map(({ name }) => String(name));
  const rows = new Map(tables.map((table) => [table, database.prepare(`SELECT * FROM "${table}"`).all()]));
  database.close();
  return rows;
}

/** A row as it would be read without the columns that came later, in a form that can be looked up. */
function keyOf(row: Row, columns: readonly string[]): string {
  return JSON.stringify(columns.map((column) => row[column]));
}

/** Rows that are not there any more with every value they had, in the columns that are still there. */
function lostRows(before: readonly Row[], after: readonly Row[]): Row[] {
  const columns = Object.keys(before[0] ?? {}).filter((column) => after.length === 0 || column in (after[0] ?? {}));
  const kept = new Set(after.map((row) => keyOf(row, columns)));
  return before.filter((row) => !kept.has(keyOf(row, columns)));
}

function pragma(database: DatabaseSync, name: string): unknown[] {
  return database
    .prepare(`PRAGMA ${name}`)
    .all()
    .map((row) => ({ ...row }));
}

describe('fixtures', () => {
  it('are kept for every migration but the newest: make one with `npm run store-fixture` before adding another', () => {
    expect(migrationNames.slice(0, -1).filter((name) => !fixtures.includes(name))).toEqual([]);
    expect(fixtures.filter((name) => !migrationNames.includes(name))).toEqual([]);
    expect(migrationNames.toSorted()).toEqual(migrationNames);
  });
});

describe.each(fixtures)('a store of %s', (name) => {
  const dir = mkdtempSync(join(tmpdir(), 'airlock-migrations-'));
  const path = join(dir, 'airlock.db');
  const text = readFileSync(join(folder, `${name}.sql`), 'utf8');
  let before: Map<string, Row[]>;
  let store: Store;
  let log: Log;
  let inbox: Inbox;

  beforeAll(async () => {
    fromSqlText(path, text);
    before = rowsOf(path);
    store = await openStore(path);
    log = createLog(store, () => new Date(0));
    const clock = () => new Date(0);
    inbox = createInbox({ store, log, timers: stillTimers(store, clock), clock, owner: () => noSessions.requestOwner });
  });
  afterAll(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });

  const executions = () => store.db.selectFrom('executions').selectAll().execute();

  it('was written down at that level, with rows in its tables', () => {
    const copy = join(dir, 'copy.db');
    fromSqlText(copy, text);
    const database = openDatabase(copy, { readOnly: true });
    expect(toSqlText(database)).toBe(text);
    expect(database.prepare('SELECT max(name) AS name FROM kysely_migration').get()).toEqual({ name });
    database.close();
    expect([...ofExecutions, 'users', 'credentials'].filter((table) => before.get(table)?.length === 0)).toEqual([]);
  });

  it('keeps every row', () => {
    const after = rowsOf(path);
    for (const [table, rows] of before) expect([table, lostRows(rows, after.get(table) ?? [])]).toEqual([table, []]);
  });

  it('is whole, and migrated to the newest level', () => {
    const database = openDatabase(path, { readOnly: true });
    expect(pragma(database, 'integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    expect(pragma(database, 'foreign_key_check')).toEqual([]);
    expect(database.prepare('SELECT max(name) AS name FROM kysely_migration').get()).toEqual({
      name: migrationNames.at(-1),
    });
    database.close();
  });

  it('can be read by everyone who reads it', async () => {
    const kinds = new Set<string>();
    for (const row of await executions()) {
      const requests = await inbox.listOpen({ execution: row.id, limit: 100 });
      expect(toExecution(row, requests, { queue: null, waitsFor: null })).toMatchObject({ id: row.id, requests });
      const events = await log.read(row.id, 0, 10_000);
      expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: row.last_seq }, (_, at) => at + 1));
      for (const { kind } of events) kinds.add(kind);
      const { calls, outcomes } = await store.write((tx) => readCalls(tx, row.id));
      expect(outcomes.every(({ key }) => calls.some((call) => call.key === key))).toBe(true);
    }
    expect(kinds.size).toBeGreaterThanOrEqual(25);
    const sessions = await store.db.selectFrom('sessions').selectAll().execute();
    for (const row of sessions) expect(settingsOf(row).workspaceBytes).toBeGreaterThan(0);
  });

  it('goes on: an open request is closed, and its execution gets more events', async () => {
    const [waiting] = await inbox.listOpen({ limit: 1 });
    if (!waiting) expect.unreachable('no request is open');
    const { length } = await log.read(waiting.execution, 0, 10_000);
    await store.write((tx) => inbox.withdraw(tx, { execution: waiting.execution }));
    const added = await log.read(waiting.execution, length, 10);
    expect(added.map(({ kind }) => kind)).toEqual(['answer', 'status']);
    await store.write((tx) => tx.db.deleteFrom('executions').execute());
    const after = rowsOf(path);
    expect(ofExecutions.filter((table) => after.get(table)?.length !== 0)).toEqual([]);
    expect(after.get('users')).toHaveLength(1);
  });
});
