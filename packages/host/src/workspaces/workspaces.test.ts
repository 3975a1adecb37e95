import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { AirlockError } from '@airlock/protocol/errors';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addExecution } from '../log/fixtures.ts';
import type { Placement } from '../placement/placement.ts';
import { newSessionRow } from '../sessions/session-row.ts';
import { newId } from '../store/ids.ts';
import { temporaryStore } from '../store/temporary.ts';
import { createRooms } from './rooms.ts';
import { createWorkspaces, type Workspaces } from './workspaces.ts';

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let home: string;
let execution: string;
let session: string;
let workspaces: Workspaces;
/** What is in the workspace; a file has another stamp with every text. */
let inside: Record<string, string>;
let read: string[];
let readers: string[];
let isRunning: boolean;
let failing: AirlockError | undefined;

const placement = {
  inspect: () => Promise.resolve({ kind: isRunning ? 'running' : 'missing' }),
  startReader: (of: string) => Promise.resolve(void readers.push(`+${of}`)).then(() => 'reader'),
  removeReader: (of: string) => Promise.resolve(void readers.push(`-${of}`)),
  scan: () => {
    if (failing) return Promise.reject(failing);
    const found = Object.entries(inside).map(([path, said]) => ({
      path,
      type: 'f',
      size: said.length,
      mtime: 0,
      links: 1,
      mode: 0o644,
      target: '',
      stamp: said,
    }));
    return Promise.resolve({ found, isCut: false });
  },
  packPaths: (_: string, paths: readonly string[]) => {
    const tar = pack();
    for (const path of paths) tar.entry({ name: `./${path}` }, inside[path] ?? '');
    read.push(...paths);
    // Nobody asked for it.
    tar.entry({ name: './../../outside' }, 'hostile');
    tar.finalize();
    return Promise.resolve(Readable.from(tar, { objectMode: false }));
  },
} as unknown as Placement;

const make = () =>
  createWorkspaces({
    store: temporary.store,
    folderOf: (id) => join(home, id),
    rooms: createRooms({ placement, image: () => 'image' }),
    clock: () => new Date(0),
    logger: { warn: () => undefined },
    placement,
  });

beforeEach(async () => {
  temporary = await temporaryStore();
  home = mkdtempSync(join(tmpdir(), 'airlock-workspaces-'));
  execution = await addExecution(temporary.store);
  session = newId();
  const row = newSessionRow({ id: session, execution, name: 'main', image: 'i', token: 't' }, {});
  await temporary.store.write((tx) =>
    tx.db
      .insertInto('sessions')
      .values({ ...row, container: 'c' })
      .execute(),
  );
  [inside, read, readers, isRunning, failing] = [{}, [], [], true, undefined];
  workspaces = make();
});
afterEach(async () => {
  await temporary.remove();
  rmSync(home, { recursive: true });
});

const whose = () => ({ execution });
const page = { limit: 100, cursor: 0 };
const changes = async (from: 'start' | number, to: 'now' | number) => {
  const { items } = await workspaces.changes(whose(), { from, to, diffs: true, ...page });
  return items.map(({ path, change, diff, noDiff }) => `${change} ${path} ${diff ?? noDiff}`);
};
const contentOf = async (address: string, at: 'now' | number) =>
  await text((await workspaces.file(whose(), { at, address })).read());
async function turn(after: Record<string, string>): Promise<void> {
  inside = after;
  workspaces.touch(session);
  await workspaces.turnEnded(session);
}

describe('moments of a workspace', () => {
  it('W22. begin before the first prompt, once, and read only what is new', async () => {
    inside = { a: 'one\n', b: 'x' };
    await workspaces.begin(session, false);
    await workspaces.begin(session, false);
    expect(read).toEqual(['a', 'b']);
    await turn({ a: 'two\n', b: 'x', c: 'new\n' });
    expect(read).toEqual(['a', 'b', 'a', 'c']);
    expect(await changes('start', 1)).toEqual([
      'changed a @@ -1,1 +1,1 @@\n-one\n+two',
      'added c @@ -0,0 +1,1 @@\n+new',
    ]);
    expect(await contentOf('a', 1)).toBe('two\n');
  });

  it('W21. outlive their host, which removes what it had only begun to write', async () => {
    await workspaces.begin(session, true);
    await turn({ a: 'one' });
    await turn({ a: 'one', b: 'two' });
    const folder = join(home, execution, 'workspace', session);
    writeFileSync(join(folder, '9.pack.part'), 'half');
    workspaces = make();
    expect(await changes(1, 2)).toEqual(['added b @@ -0,0 +1,1 @@\n+two\n\\ No newline at end of file']);
    expect(await contentOf('a', 2)).toBe('one');
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
    await turn({});
    expect(await changes(2, 3)).toHaveLength(2);
  });

  it('W23. fail without a word to the turn, and are told apart from those nothing changed in', async () => {
    await workspaces.begin(session, true);
    failing = new AirlockError('container_failed', 'It does not answer');
    await turn({ a: '1' });
    failing = undefined;
    await workspaces.turnEnded(session);
    await workspaces.turnEnded(session);
    await expect(changes('start', 1)).rejects.toMatchObject({ code: 'not_found' });
    expect(await changes('start', 2)).toHaveLength(1);
    expect(await changes(2, 3)).toEqual([]);
    expect(read).toEqual(['a']);
    await expect(changes('start', 4)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('are looked at in a reader where no container answers, which is removed', async () => {
    await workspaces.begin(session, true);
    isRunning = false;
    await turn({ a: '1' });
    expect(readers).toEqual([`+${session}`, '-reader']);
    isRunning = true;
    failing = new AirlockError('container_lost', 'It stands still');
    workspaces.touch(session);
    await workspaces.turnEnded(session);
    expect(readers).toEqual([`+${session}`, '-reader', `+${session}`, '-reader']);
  });

  it('keep the bytes of small files, and of all others that they are there', async () => {
    await workspaces.begin(session, true);
    const large = 'x'.repeat(1024 ** 2 + 1);
    await turn({ large, small: 'a\0b', text: 'x'.repeat(600_000) });
    expect(read).toEqual(['small', 'text']);
    expect(await changes('start', 1)).toEqual(['added large too_large', 'added small binary', 'added text too_large']);
    await expect(contentOf('large', 1)).rejects.toMatchObject({ code: 'not_found' });
    expect((await contentOf('large', 'now')).length).toBe(large.length);
    const { read: part } = await workspaces.file(whose(), { at: 'now', address: 'large' });
    expect(await text(part({ start: large.length - 2, end: large.length - 1 }))).toBe('xx');
  });

  it('give all plain files of now, and none that was not asked for', async () => {
    inside = { a: '1', b: '22' };
    const all: string[] = [];
    for await (const { path, read: bytes } of await workspaces.files(whose()))
      all.push(`${path} ${await text(bytes())}`);
    expect(all).toEqual(['a 1', 'b 22']);
  });

  it('refuse a session of another execution', async () => {
    await expect(
      workspaces.folder({ execution, session: newId() }, { at: 'now', folder: '', ...page }),
    ).rejects.toThrow('no such session');
    await expect(workspaces.folder({ execution: newId() }, { at: 'now', folder: '', ...page })).rejects.toThrow(
      'no such session',
    );
  });
});
