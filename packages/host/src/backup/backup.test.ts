import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { createFullHome, createHome } from './fixtures/home.ts';
import { createGate } from './gate.ts';
import { clearKilledBackup, own } from './leftovers.ts';
import { verifyBackup } from './verify.ts';

const nothing = () => undefined;

describe('createBackup()', () => {
  it('keeps store, files and the workspaces there are', async () => {
    const { backup, file, home, sessions } = await createFullHome();
    symlinkSync('/etc/passwd', join(home, 'files', 'link'));
    const summary = await backup();
    expect(summary).toMatchObject({ file, executions: 7, workspaces: 3, files: 2, pausedMs: 0 });
    const whole = await verifyBackup(file, new AbortController().signal, nothing);
    expect(whole.manifest).toMatchObject({ airlock: '1.2.3', createdAt: '2030-01-02T03:04:05.678Z', executions: 7 });
    expect(whole.manifest.entries.map(({ name }) => name).sort()).toEqual(
      [
        'store.db',
        ...sessions.slice(0, 3).map((session) => `workspaces/${session}.tar.000001`),
        'files/e1/in/a.txt',
        'files/e1/out/ä b',
      ].sort(),
    );
    expect(readdirSync(dirname(file)).sort()).toEqual(['a.backup', 'home']);
    expect(existsSync(join(home, 'backup'))).toBe(false);
  });

  it('K1 pauses before it copies the store, and lets each go on when its workspace is read, sleepers last', async () => {
    const { backup, engine, home, sessions } = await createFullHome();
    const [ended = '', running = '', other = ''] = sessions;
    engine.running.add(other).add(running);
    const copied = join(home, 'backup', 'store.db');
    const seen: boolean[] = [];
    const containers = {
      ...engine.containers,
      async pause() {
        seen.push(existsSync(copied));
        return await engine.containers.pause();
      },
      async resume(session: string) {
        seen.push(existsSync(copied));
        await engine.containers.resume(session);
      },
    };
    await backup({ containers });
    expect(seen).toEqual([false, true, true]);
    expect(engine.asked).toEqual([
      'pause',
      `read ${running}`,
      `resume ${running}`,
      `read ${other}`,
      `resume ${other}`,
      `read ${ended}`,
      'release',
      'release',
    ]);
  });

  it('K1 keeps others from starting containers until the workspaces are read', async () => {
    const { backup, home, engine, sessions } = await createFullHome();
    const gate = createGate(home);
    const order: string[] = [];
    const passing: Promise<void>[] = [];
    const workspaces = {
      ...engine.workspaces,
      async read<T>(session: string, use: Parameters<typeof engine.workspaces.read<T>>[1]): Promise<T> {
        passing.push(gate.pass(async () => void order.push('passed')));
        const result = await engine.workspaces.read(session, use);
        order.push('read');
        return result;
      },
    };
    await backup({ workspaces });
    await Promise.all(passing);
    expect(order).toEqual(['read', 'read', 'read', 'passed', 'passed', 'passed']);
    expect(sessions.length).toBeGreaterThan(3);
  });

  it('K2 lets containers go on when it fails, and leaves nothing', async () => {
    const { backup, engine, home, file, sessions } = await createFullHome();
    engine.running.add(sessions[0] ?? '');
    const pause = async () => {
      await engine.containers.pause();
      throw new RangeError('no');
    };
    await expect(backup({ containers: { ...engine.containers, pause } })).rejects.toThrow(RangeError);
    expect([...engine.running]).toEqual([sessions[0]]);
    expect(readdirSync(dirname(file))).toEqual(['home']);
    expect(existsSync(join(home, 'backup'))).toBe(false);
    await backup();
  });

  it('K2 says that it was told to stop', async () => {
    const { backup, engine, file } = await createFullHome();
    const controller = new AbortController();
    const reason = new RangeError('enough');
    const pause = async () => {
      controller.abort(reason);
      return await engine.containers.pause();
    };
    const containers = { ...engine.containers, pause };
    await expect(backup({ containers, signal: controller.signal })).rejects.toBe(reason);
    expect(engine.paused.size).toBe(0);
    expect(existsSync(file)).toBe(false);
  });

  it('K3 gives no file its name whose workspaces cannot be read again', async () => {
    const { backup, engine, file, sessions } = await createFullHome();
    const session = sessions[0] ?? '';
    engine.tars.set(session, (engine.tars.get(session) ?? Buffer.alloc(0)).subarray(0, 700));
    await expect(backup()).rejects.toMatchObject({ detail: expect.stringContaining(session) });
    expect(readdirSync(dirname(file))).toEqual(['home']);
  });

  it('is refused without a store, for a file that is there, and for places it would be in itself', async () => {
    await expect(createHome().backup()).rejects.toMatchObject({ code: 'nothing_to_back_up' });
    const { backup, file, home } = await createFullHome();
    writeFileSync(file, 'mine');
    await expect(backup()).rejects.toMatchObject({ code: 'file_taken', detail: file });
    expect(readFileSync(file, 'utf8')).toBe('mine');
    await backup({ force: true });
    expect(readFileSync(file, 'utf8')).not.toBe('mine');
    for (const place of [join(home, 'files', 'a'), join(home, 'none', 'a'), home]) {
      await expect(backup({ file: place, force: true })).rejects.toMatchObject({ code: 'backup_failed' });
    }
  });

  it('is refused while there is another', async () => {
    const { backup, home } = await createFullHome();
    const letGo = own(home);
    await expect(backup()).rejects.toMatchObject({ code: 'backup_running' });
    letGo();
    await backup();
  });

  it('is refused of a store that a newer Airlock has migrated', async () => {
    const { backup, home, engine } = await createFullHome();
    const database = new DatabaseSync(join(home, 'airlock.db'));
    database.exec("INSERT INTO kysely_migration (name, timestamp) VALUES ('9999-future', '2030-01-01')");
    database.close();
    await expect(backup()).rejects.toMatchObject({ code: 'store_unusable' });
    expect(engine.asked.at(-1)).toBe('release');
  });
});

describe('a backup that was killed', () => {
  async function kill() {
    const made = await createFullHome();
    const { engine, home, file, sessions, write } = made;
    engine.paused.add(sessions[0] ?? '');
    mkdirSync(join(home, 'backup'));
    write('backup/target', `${file}.part`);
    write('backup/store.db', 'half');
    writeFileSync(`${file}.part`, 'half');
    return made;
  }

  it('K2 is cleared away by a host, but not while it lives', async () => {
    const { home, engine, file, sessions } = await kill();
    const letGo = own(home);
    expect(await clearKilledBackup(home, engine.containers)).toBe(false);
    expect([...engine.paused]).toEqual([sessions[0]]);
    letGo();
    expect(await clearKilledBackup(home, engine.containers)).toBe(true);
    expect([...engine.running]).toEqual([sessions[0]]);
    expect(readdirSync(dirname(file))).toEqual(['home']);
    expect(await clearKilledBackup(home, engine.containers)).toBe(false);
  });

  it('K2 is cleared away by the next backup', async () => {
    const { backup, engine, sessions } = await kill();
    await backup();
    expect([...engine.running]).toEqual([sessions[0]]);
  });

  it('names no file to remove but one of its own', async () => {
    const { home, engine, file, write } = await kill();
    write('backup/target', file);
    writeFileSync(file, 'mine');
    await clearKilledBackup(home, engine.containers);
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });
});
