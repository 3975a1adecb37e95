import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFiles, type Files } from '../files/files.ts';
import { addExecution } from '../log/fixtures.ts';
import { createLog, type Log } from '../log/log.ts';
import type { Placement } from '../placement/placement.ts';
import { newId } from '../store/ids.ts';
import type { Store } from '../store/store.ts';
import { temporaryStore } from '../store/temporary.ts';
import { createMadeFiles, type MadeFiles } from './made-files.ts';
import { newSessionRow } from './session-row.ts';

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let home: string;
let execution: string;
let session: string;
let log: Log;
let files: Files;
let made: MadeFiles;
/** What is in `out` of the container now. */
let inOut: Record<string, string>;
let warnings: string[];
let isUnreadable: boolean;

beforeEach(async () => {
  temporary = await temporaryStore();
  const { store } = temporary;
  home = mkdtempSync(join(tmpdir(), 'airlock-made-'));
  const clock = () => new Date();
  log = createLog(store, clock);
  files = createFiles({ home, store, log, clock });
  execution = await addExecution(store);
  session = newId();
  const of = { id: session, execution, name: 'main', image: 'i', token: 't' };
  const row = { ...newSessionRow(of, { workspaceBytes: 20 }), container: 'c' };
  await store.write((tx) => tx.db.insertInto('sessions').values(row).execute());
  [inOut, warnings, isUnreadable] = [{}, [], false];
  const failing: Store = {
    ...store,
    get db() {
      if (isUnreadable) throw new RangeError('It is away');
      return store.db;
    },
  };
  const placement = {
    findFiles: () => Promise.resolve(Object.entries(inOut).map(([path, stamp]) => ({ path, stamp }))),
    pack: (_container: string, folder: string, paths?: readonly string[]) => {
      const tar = pack();
      const place = paths === undefined ? folder : '.';
      for (const path of paths ?? Object.keys(inOut)) tar.entry({ name: `${place}/${path}` }, inOut[path] ?? '');
      tar.finalize();
      return Promise.resolve(Readable.from(tar, { objectMode: false }));
    },
  } as unknown as Placement;
  const logger = { warn: (_: object, text: string) => void warnings.push(text) };
  made = createMadeFiles({ store: failing, log, placement, files: files.files, logger });
});
afterEach(async () => {
  await temporary.remove();
  rmSync(home, { recursive: true });
});

async function collect(now: Record<string, string>): Promise<Record<string, string>> {
  inOut = now;
  made.touch(session, execution);
  await made.collect(session);
  const kept = await files.files.list(execution, 'out');
  return Object.fromEntries(
    kept.map(({ path, size }) => {
      const text = readFileSync(join(home, 'files', execution, 'out', path), 'utf8');
      expect(text).toHaveLength(size);
      return [path, text];
    }),
  );
}

describe('files a session makes', () => {
  it('are kept, and again when they change', async () => {
    expect(await collect({ a: 'one', 'b/c': 'two' })).toEqual({ a: 'one', 'b/c': 'two' });
    expect(await collect({ a: 'three', 'b/c': 'two' })).toEqual({ a: 'three', 'b/c': 'two' });
  });

  it('agree with their rows when the limit is reached in the middle', async () => {
    await collect({ a: 'one' });
    expect(await collect({ a: 'changed', b: 'x'.repeat(20) })).toEqual({ a: 'changed' });
    expect((await log.read(execution, 0, 100)).at(-1)).toMatchObject({
      kind: 'debug',
      payload: { text: expect.stringContaining('more than 20 B') },
    });
  });

  it('do not keep others from being kept when a file is a folder now', async () => {
    await collect({ a: 'file' });
    expect(await collect({ 'a/b': 'inside', c: 'other' })).toEqual({ a: 'file', c: 'other' });
  });

  it('are left out where the service says so, which people are told once a turn, and of each file once', async () => {
    const options = JSON.stringify({ workspaceBytes: 20, outExclude: ['node_modules/', '*.tmp'] });
    await temporary.store.write((tx) => tx.db.updateTable('sessions').set({ options }).execute());
    const told = async () =>
      (await log.read(execution, 0, 100)).flatMap((event) => (event.kind === 'debug' ? [event.payload.text] : []));
    const all = { a: 'one', 'b.tmp': 'x'.repeat(30), 'c/node_modules/d': 'x' };
    expect(await collect(all)).toEqual({ a: 'one' });
    await collect({ ...all, a: 'two' });
    const why = 'not kept as results, as `outExclude` of the service says (node_modules/, *.tmp)';
    expect(await told()).toEqual([`2 files are ${why}: out/b.tmp, out/c/node_modules/d`]);
    await collect({ ...all, 'b.tmp': 'y' });
    await made.collectLast(session, 'c');
    expect((await told()).slice(1)).toEqual([`1 file is ${why}: out/b.tmp`]);
    inOut = { ...all, 'e.tmp': 'x' };
    await made.collectLast(session, 'c');
    expect((await told()).slice(2)).toEqual([`1 file is ${why}: out/e.tmp`]);
  });

  it('wait for another time when the store cannot be read', async () => {
    made.touch(session, execution);
    isUnreadable = true;
    await made.collect(session);
    expect(warnings).toEqual(['Files of a session were not looked for']);
    isUnreadable = false;
    expect(await collect({ a: 'one' })).toEqual({ a: 'one' });
  });
});
