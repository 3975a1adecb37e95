import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../store/ids.ts';
import { migrationNames } from '../store/store.ts';
import { createArchive } from './archive-writer.ts';
import { type TestEntry, toTar, workspaceTar, writeArchive } from './fixtures/tars.ts';
import { formatVersion, type Manifest, partBytes } from './manifest.ts';
import { verifyBackup } from './verify.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'airlock-archive-'));
  path = join(folder, 'a.backup');
});
afterEach(() => rmSync(folder, { recursive: true }));

const migration = migrationNames.at(-1) ?? '';
const about = { airlock: '0.1.0', migration, createdAt: '2030-01-01T00:00:00.000Z', executions: 2 };
const session: string = newId();
const verify = (file = path) => verifyBackup(file, new AbortController().signal, () => undefined);

async function* from(...chunks: (Buffer | string)[]) {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

/** A file of several parts, with what the engine puts around it. */
const bigTar = () =>
  toTar([
    { name: 'workspace/', type: 'directory' },
    { name: 'workspace/big', content: randomBytes(partBytes + 5) },
  ]);

/** Resolves with the bytes of the workspace in it. */
async function writeWhole(): Promise<number> {
  const archive = createArchive(path);
  await archive.add('store.db', 5, from('st', 'ore'));
  const tar = await bigTar();
  expect(await archive.addWorkspace(session, tar.length, from(tar.subarray(0, 1000), tar.subarray(1000)))).toBe(
    tar.length,
  );
  await archive.add('files/in/ä b.txt', 0, from());
  expect(await archive.finish(about)).toBe(statSync(path).size);
  return tar.length;
}

describe('an archive', () => {
  it('is found whole, with what it holds, and can be read by its owner alone', async () => {
    const length = await writeWhole();
    const { manifest, sessions } = await verify();
    expect(sessions).toEqual([session]);
    expect(manifest).toMatchObject({ format: formatVersion, ...about });
    expect(manifest.entries.map(({ name, size }) => [name, size])).toEqual([
      ['store.db', 5],
      [`workspaces/${session}.tar.000001`, partBytes],
      [`workspaces/${session}.tar.000002`, length - partBytes],
      ['files/in/ä b.txt', 0],
    ]);
    expect(manifest.entries[0]?.sha256).toBe(createHash('sha256').update('store').digest('hex'));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('is refused when it was cut short, wherever that was', async () => {
    await writeWhole();
    const { size } = statSync(path);
    for (const length of [0, 10, size >> 1, size - 100]) {
      writeFileSync(`${path}.cut`, readFileSync(path).subarray(0, length));
      await expect(verify(`${path}.cut`)).rejects.toMatchObject({ code: 'backup_unusable' });
    }
  });

  it('is refused when a bit of it is another', async () => {
    await writeWhole();
    const bytes = readFileSync(path);
    for (let at = 100; at < bytes.length; at += bytes.length >> 4) {
      const altered = Buffer.from(bytes);
      altered[at] = (altered[at] ?? 0) ^ 16;
      writeFileSync(`${path}.altered`, altered);
      await expect(verify(`${path}.altered`)).rejects.toMatchObject({ code: 'backup_unusable' });
    }
  });

  it.each([
    ['has more bytes than it should', ['store', '!']],
    ['has fewer', ['sto']],
  ])('is not written with an entry that %s', async (_, chunks) => {
    const archive = createArchive(path);
    await expect(archive.add('store.db', 5, from(...chunks))).rejects.toMatchObject({ code: 'backup_failed' });
    await archive.destroy();
  });

  it('is not written when there is no place for it', async () => {
    const archive = createArchive(join(folder, 'none', 'a.backup'));
    const writing = archive.add('store.db', 5, from('store')).then(() => archive.finish(about));
    await expect(writing).rejects.toMatchObject({ code: 'ENOENT' });
    await archive.destroy();
  });

  it('takes no workspace that claims more than it may have', async () => {
    const archive = createArchive(path);
    const tar = await bigTar();
    await expect(archive.addWorkspace(session, partBytes, from(tar))).rejects.toMatchObject({
      code: 'backup_failed',
      detail: expect.stringContaining(session),
    });
    await archive.destroy();
  });
});

describe('a file that is no backup of ours', () => {
  const sha = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');

  /** An archive of these entries, with a manifest that fits them unless told otherwise. */
  async function write(entries: readonly TestEntry[], changes: object = {}): Promise<void> {
    const named = entries.map(({ name, content = '' }) => ({ name, size: content.length, sha256: sha(content) }));
    const manifest: Manifest = { format: formatVersion, ...about, entries: named };
    const last = { name: 'manifest.json', content: JSON.stringify({ ...manifest, ...changes }) };
    await writeArchive(path, await toTar([...entries, last]));
  }

  const store = { name: 'store.db', content: 'store' };
  const part = async (...inner: TestEntry[]): Promise<TestEntry> => ({
    name: `workspaces/${session}.tar.000001`,
    content: await toTar([{ name: 'workspace/', type: 'directory' }, ...inner]),
  });

  it('(the helper itself writes one that is accepted)', async () => {
    await write([store, { name: `workspaces/${session}.tar.000001`, content: await workspaceTar('x') }]);
    expect((await verify()).sessions).toEqual([session]);
  });

  it.each<[string, TestEntry[]]>([
    ['a path out of it', [store, { name: 'files/../../.ssh/authorized_keys', content: 'x' }]],
    ['an absolute path', [store, { name: '/etc/passwd', content: 'x' }]],
    ['an absolute path below files', [store, { name: 'files//etc/passwd', content: 'x' }]],
    ['a path through here', [store, { name: 'files/./a', content: 'x' }]],
    ['a name too long', [store, { name: `files/${'a'.repeat(256)}`, content: 'x' }]],
    ['a name it does not know', [store, { name: 'host.json', content: 'x' }]],
    ['a session that is none', [store, { name: 'workspaces/..-.tar.000001', content: 'x' }]],
    ['a symbolic link', [store, { name: 'files/a', type: 'symlink', linkname: '/etc/passwd' }]],
    ['a hard link', [store, { name: 'files/a', type: 'link', linkname: 'store.db' }]],
    ['a folder', [store, { name: 'files/a', type: 'directory' }]],
    ['a device', [store, { name: 'files/a', type: 'character-device', devmajor: 1, devminor: 3 }]],
    ['a name twice', [store, store]],
    ['no store', [{ name: 'files/a', content: 'x' }]],
    ['the store in another place', [{ name: 'files/a', content: 'x' }, store]],
    ['a part that is missing', [store, { name: `workspaces/${session}.tar.000002`, content: 'x' }]],
    ['a part too long', [store, { name: `workspaces/${session}.tar.000001`, content: Buffer.alloc(partBytes + 1) }]],
    ['a workspace that is no tar', [store, { name: `workspaces/${session}.tar.000001`, content: 'x'.repeat(600) }]],
  ])('is refused: it has %s', async (_, entries) => {
    await write(entries);
    await expect(verify()).rejects.toMatchObject({ code: 'backup_unusable' });
  });

  it.each<[string, TestEntry[]]>([
    ['a path out of it', [{ name: 'workspace/../etc/passwd', content: 'x' }]],
    ['a path beside it', [{ name: 'etc/passwd', content: 'x' }]],
    ['an absolute path', [{ name: '/workspace/a', content: 'x' }]],
    [
      'a way through a link',
      [
        { name: 'workspace/a', type: 'symlink', linkname: '/' },
        { name: 'workspace/a/b', content: 'x' },
      ],
    ],
    ['a hard link out of it', [{ name: 'workspace/a', type: 'link', linkname: 'etc/shadow' }]],
    [
      'a hard link through a link',
      [
        { name: 'workspace/a', type: 'symlink', linkname: '/' },
        { name: 'workspace/b', type: 'link', linkname: 'workspace/a/etc' },
      ],
    ],
    ['a disk', [{ name: 'workspace/a', type: 'block-device', devmajor: 8, devminor: 0 }]],
    ['memory', [{ name: 'workspace/a', type: 'character-device', devmajor: 1, devminor: 1 }]],
  ])('is refused: a workspace has %s', async (_, inner) => {
    await write([store, await part(...inner)]);
    await expect(verify()).rejects.toMatchObject({ code: 'backup_unusable', detail: expect.stringContaining(session) });
  });

  it.each<[string, object]>([
    ['names another content', { entries: [{ name: 'store.db', size: 5, sha256: sha('other') }] }],
    ['names another size', { entries: [{ name: 'store.db', size: 6, sha256: sha('store') }] }],
    ['names another file', { entries: [{ name: 'files/a', size: 5, sha256: sha('store') }] }],
    ['names nothing', { entries: [] }],
    [
      'names more',
      {
        entries: [
          { name: 'store.db', size: 5, sha256: sha('store') },
          { name: 'files/a', size: 0, sha256: sha('') },
        ],
      },
    ],
    ['has no format', { format: 'new' }],
    ['says what nobody knows', { more: true }],
  ])('is refused: its manifest %s', async (_, changes) => {
    await write([store], changes);
    await expect(verify()).rejects.toMatchObject({ code: 'backup_unusable' });
  });

  it.each<[string, object]>([
    ['format', { format: formatVersion + 1, whatever: true }],
    ['store', { migration: '9999-future' }],
  ])('is refused as newer: its %s is', async (_, changes) => {
    await write([store], changes);
    await expect(verify()).rejects.toMatchObject({ code: 'backup_newer' });
  });

  it('is refused: it has no manifest, or goes on after it', async () => {
    await writeArchive(path, await toTar([store]));
    await expect(verify()).rejects.toMatchObject({ code: 'backup_unusable', detail: 'It has no manifest' });
    await write([store]);
    const entries = [{ name: 'store.db', size: 5, sha256: sha('store') }];
    const manifest = { name: 'manifest.json', content: JSON.stringify({ format: formatVersion, ...about, entries }) };
    await writeArchive(path, await toTar([store, manifest, { name: 'files/a', content: '' }]));
    await expect(verify()).rejects.toMatchObject({ detail: 'It goes on after its manifest' });
  });

  it('is refused: it is something else, or nothing', async () => {
    writeFileSync(path, 'PK\u0003\u0004');
    await expect(verify()).rejects.toMatchObject({ code: 'backup_unusable' });
    truncateSync(path);
    await expect(verify()).rejects.toMatchObject({ code: 'backup_unusable' });
    await writeArchive(path, randomBytes(5000));
    await expect(verify()).rejects.toMatchObject({ code: 'backup_unusable' });
  });

  it('is refused in bounded memory: a header longer than any path', async () => {
    const long = { name: 'files/a', content: 'x', pax: { path: `files/${'a/'.repeat(3_000_000)}` } };
    await write([store, long as TestEntry]);
    await expect(verify()).rejects.toMatchObject({ code: 'backup_unusable' });
  });
});
