import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { newId } from '../store/ids.ts';
import { openStore } from '../store/store.ts';
import { createFullHome, createHome, type TestHome } from './fixtures/home.ts';
import { toTar, workspaceTar, writeArchive } from './fixtures/tars.ts';
import { own } from './leftovers.ts';
import { beginStaging, finishRestore, undoRestore } from './staging.ts';

/** A backup of a full home, and that home. */
async function made() {
  const full = await createFullHome();
  await full.backup();
  return full;
}

/** What of a home a restore may change. */
function contents({ home, engine }: TestHome) {
  const files = readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((name) => !name.endsWith('.lock'));
  return { files: files.sort(), tars: [...engine.tars.keys()] };
}

function rows(home: string, sql: string): unknown[] {
  const database = new DatabaseSync(join(home, 'airlock.db'), { readOnly: true });
  const found = database
    .prepare(sql)
    .all()
    .map((row) => ({ ...row }));
  database.close();
  return found;
}

describe('restoreBackup()', () => {
  it('puts everything into an empty home, where the next start goes on', async () => {
    const { file, sessions, engine } = await made();
    const target = createHome();
    expect(await target.restore(file)).toEqual({
      file,
      createdAt: '2030-01-02T03:04:05.678Z',
      executions: 7,
      workspaces: 3,
      files: 2,
      replaced: null,
    });
    expect(target.read('files/e1/in/a.txt')).toBe('A');
    expect(target.read('files/e1/out/ä b')).toBe('B');
    expect([...target.engine.tars]).toEqual(sessions.slice(0, 3).map((session) => [session, engine.tars.get(session)]));
    expect(contents(target).files).toEqual(
      [
        'airlock.db',
        'files',
        'files/e1',
        'files/e1/in',
        'files/e1/in/a.txt',
        'files/e1/out',
        'files/e1/out/ä b',
      ].sort(),
    );
    const store = await openStore(join(target.home, 'airlock.db'));
    expect(await store.db.selectFrom('sessions').select('id').orderBy('id').execute()).toEqual(
      sessions.map((id) => ({ id })),
    );
    await store.close();
  });

  it('leaves no session its container, and no host its lease', async () => {
    const { backup, home, file } = await createFullHome();
    const database = new DatabaseSync(join(home, 'airlock.db'));
    database.exec('CREATE TABLE IF NOT EXISTS hosts (id TEXT, home TEXT NOT NULL, started_at TEXT, expires_at TEXT)');
    database.exec("INSERT INTO hosts VALUES ('h', 'x', '2030', '2040')");
    const started = database.prepare('SELECT id FROM sessions LIMIT 1').get()?.id;
    database.prepare('UPDATE sessions SET container = NULL WHERE id = ?').run(started ?? null);
    database.close();
    await backup();
    const target = createHome();
    await target.restore(file);
    const containers = rows(target.home, 'SELECT id, container FROM sessions');
    for (const row of containers) {
      expect(row).toMatchObject({ container: (row as { id: string }).id === started ? null : '0'.repeat(64) });
    }
    expect(rows(target.home, 'SELECT * FROM hosts')).toEqual([]);
    expect(rows(home, 'SELECT container FROM sessions')).not.toContainEqual({ container: '0'.repeat(64) });
  });

  it('moves a store that is there aside when told to, with its files and workspaces', async () => {
    const { file, sessions } = await made();
    const target = await createFullHome();
    const stranger = newId();
    target.engine.tars.set(stranger, await workspaceTar('of a later session'));
    target.write('files/later.txt', 'later');
    const before = readFileSync(join(target.home, 'airlock.db'));
    await expect(target.restore(file)).rejects.toMatchObject({ code: 'home_taken' });
    const { replaced } = await target.restore(file, { force: true });
    expect(replaced).toBe(join(target.home, 'replaced-2030-01-02T03-04-05-678Z'));
    expect(readFileSync(join(replaced ?? '', 'airlock.db'))).toEqual(before);
    expect(readFileSync(join(replaced ?? '', 'files/later.txt'), 'utf8')).toBe('later');
    expect(readdirSync(join(replaced ?? '', 'workspaces')).sort()).toEqual(
      [...sessions.slice(0, 3), stranger].map((session) => `${session}.tar.zst`).sort(),
    );
    expect(target.engine.asked[0]).toBe('remove all');
    expect([...target.engine.tars.keys()]).toEqual(sessions.slice(0, 3));
    expect(existsSync(join(target.home, 'files/later.txt'))).toBe(false);
  });

  it('K4 changes nothing when the backup is damaged, of a newer Airlock, or does not fit', async () => {
    const { file, sessions } = await made();
    const target = await createFullHome();
    const before = contents(target);
    const damaged = `${file}.damaged`;
    writeFileSync(damaged, readFileSync(file).subarray(0, -200));
    await expect(target.restore(damaged, { force: true })).rejects.toMatchObject({ code: 'backup_unusable' });
    await expect(target.restore(`${file}.none`, { force: true })).rejects.toMatchObject({ code: 'backup_unusable' });
    target.engine.taken.add(sessions[1] ?? '');
    await expect(target.restore(file, { force: true })).rejects.toMatchObject({ code: 'workspace_taken' });
    const letGo = own(target.home);
    await expect(target.restore(file, { force: true })).rejects.toMatchObject({ code: 'backup_running' });
    letGo();
    expect(contents(target)).toEqual(before);
    expect(target.engine.asked).toEqual([]);
  });

  it('K4 changes nothing when the store in the backup is none', async () => {
    const { file } = createHome();
    const store = { name: 'store.db', content: 'no database' };
    const sha256 = createHash('sha256').update(store.content).digest('hex');
    const entries = [{ name: 'store.db', size: store.content.length, sha256 }];
    const about = { format: 1, airlock: '1', migration: '0001-start', createdAt: '2030-01-01T00:00:00.000Z' };
    await writeArchive(
      file,
      await toTar([store, { name: 'manifest.json', content: JSON.stringify({ ...about, executions: 0, entries }) }]),
    );
    const target = await createFullHome();
    const before = contents(target);
    await expect(target.restore(file, { force: true })).rejects.toMatchObject({
      code: 'backup_unusable',
      detail: expect.stringContaining('file is not a database'),
    });
    expect(contents(target)).toEqual(before);
    expect(target.engine.asked).toEqual([]);
  });

  it('K4 keeps the store there was when a workspace cannot be made, and says where the others are', async () => {
    const { file } = await made();
    const target = await createFullHome();
    const before = readFileSync(join(target.home, 'airlock.db'));
    const write = async (session: string) => {
      throw new RangeError(`no room for ${session}`);
    };
    const engine = { ...target.engine, workspaces: { ...target.engine.workspaces, write } };
    const failing = target.restore(file, { force: true, engine: async () => engine });
    await expect(failing).rejects.toMatchObject({
      detail: expect.stringMatching(/no room for .*\. Workspaces that were in the way are in .*replaced-2030/),
    });
    expect(readFileSync(join(target.home, 'airlock.db'))).toEqual(before);
    expect(existsSync(join(target.home, 'restore'))).toBe(false);
  });

  it('K4 removes the workspaces it made when it fails in an empty home', async () => {
    const { file, sessions } = await made();
    const target = createHome();
    const last = sessions[2];
    const write: typeof target.engine.workspaces.write = async (session, bytes, tar) => {
      await target.engine.workspaces.write(session, bytes, tar);
      if (session === last) throw new RangeError('no');
    };
    const engine = { ...target.engine, workspaces: { ...target.engine.workspaces, write } };
    await expect(target.restore(file, { engine: async () => engine })).rejects.toThrow(RangeError);
    expect(contents(target)).toEqual({ files: [], tars: [] });
    await target.restore(file);
    expect(target.engine.tars.size).toBe(3);
  });
});

describe('a restore that was killed', () => {
  const journal = { sessions: ['new', 'known'], aside: 'replaced-then' };

  function begun() {
    const target = createHome();
    target.write('airlock.db', 'old store');
    target.write('airlock.db-wal', 'old log');
    target.write('files/a', 'old file');
    const staging = beginStaging(target.home, journal);
    writeFileSync(staging.storePath, 'new store');
    mkdirSync(staging.filesFolder);
    writeFileSync(join(staging.filesFolder, 'b'), 'new file');
    return { ...target, staging };
  }

  function expectFinished({ home, read }: TestHome): void {
    expect(read('airlock.db')).toBe('new store');
    expect(readdirSync(join(home, 'files'))).toEqual(['b']);
    expect(read('replaced-then/airlock.db')).toBe('old store');
    expect(read('replaced-then/airlock.db-wal')).toBe('old log');
    expect(read('replaced-then/files/a')).toBe('old file');
    expect(readdirSync(home).sort()).toEqual(['airlock.db', 'files', 'replaced-then']);
  }

  it('K4 before everything was there is undone: workspaces that no session of the store has go', async () => {
    const { home, engine, read } = begun();
    for (const session of ['new', 'known', 'other']) engine.tars.set(session, await toTar([]));
    finishRestore(home);
    await undoRestore(home, new Set(['known']), engine.workspaces);
    expect(read('airlock.db')).toBe('old store');
    expect([...engine.tars.keys()]).toEqual(['known', 'other']);
    expect(existsSync(join(home, 'restore'))).toBe(false);
  });

  it('K4 is undone without touching workspaces when nobody can tell whose they are', async () => {
    const { home, engine } = begun();
    engine.tars.set('new', await toTar([]));
    await undoRestore(home, undefined, engine.workspaces);
    expect(engine.tars.size).toBe(1);
    expect(existsSync(join(home, 'restore'))).toBe(false);
  });

  it('K5 after everything was there is finished', () => {
    const target = begun();
    target.write('restore/ready', '');
    finishRestore(target.home);
    expectFinished(target);
    finishRestore(target.home);
    expectFinished(target);
  });

  it('K5 while it moved things aside is finished', () => {
    const target = begun();
    target.write('restore/ready', '');
    mkdirSync(join(target.home, 'replaced-then'));
    renameSync(join(target.home, 'files'), join(target.home, 'replaced-then/files'));
    finishRestore(target.home);
    expectFinished(target);
  });

  it('K5 while it moved things into place is finished', () => {
    const target = begun();
    target.write('restore/ready', '');
    mkdirSync(join(target.home, 'replaced-then'));
    for (const name of ['files', 'airlock.db-wal', 'airlock.db']) {
      renameSync(join(target.home, name), join(target.home, 'replaced-then', name));
    }
    renameSync(join(target.home, 'restore/ready'), join(target.home, 'restore/cleared'));
    renameSync(join(target.home, 'restore/files'), join(target.home, 'files'));
    finishRestore(target.home);
    expectFinished(target);
  });

  it('K5 is finished by the next restore, which then asks whether to replace it', async () => {
    const { file } = await made();
    const target = begun();
    target.write('restore/ready', '');
    await expect(target.restore(file)).rejects.toMatchObject({ code: 'home_taken' });
    expect(target.read('airlock.db')).toBe('new store');
    expect(dirname(target.file)).toBe(dirname(target.home));
  });
});
