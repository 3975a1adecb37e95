import type { Readable } from 'node:stream';
import { readByteTar } from '../files/tar-entries.ts';
import type { Placement } from '../placement/placement.ts';
import type { FileBytes, Index, WorkspaceArchive } from './archive.ts';
import { byPath, changesBetween, type Entry, entryOf, type Manifest } from './manifest.ts';

/** Larger files are known by their stamp alone. */
export const largestKept = 1024 ** 2;
/** Most that is kept of all files of a session, over all moments. */
const mostPacked = 256 * 1024 ** 2;

interface TakeOptions {
  readonly archive: WorkspaceArchive;
  readonly placement: Pick<Placement, 'scan' | 'packPaths'>;
  /** A running container, or a reader. */
  readonly container: string;
  /** What the index becomes, given the manifest of the moment and how much changed since the one before. */
  readonly note: (index: Index, manifest: number, changes: number) => Index;
}

/**
 * Looks at a workspace and keeps what is new: the bytes of files that are small enough, of all others that they are there.
 * Reads only what has another stamp than the last time.
 */
export async function takeMoment({ archive, placement, container, note }: TakeOptions): Promise<void> {
  const index = await archive.index();
  const before = await archive.manifest(index.newest);
  const scan = await placement.scan(container);
  const known = byPath(before.entries);
  const entries = scan.found.map((found) => entryOf(found, known.get(found.path)));
  entries.sort((a, b) => (a.path < b.path ? -1 : 1));
  if (isSame(before.entries, entries) && before.isCut === scan.isCut) {
    await archive.commit(undefined, (now) => note(now, index.newest, 0));
    return;
  }
  const n = index.newest + 1;
  const wanted = worthKeeping(entries, mostPacked - index.packed);
  const kept =
    wanted.size === 0
      ? undefined
      : await archive.pack(n, wantedFiles(await placement.packPaths(container, [...wanted.keys()]), wanted));
  const all = entries.map((entry) => ({ ...entry, kept: entry.kept ?? kept?.get(entry.path) ?? null }));
  const manifest: Manifest = { isCut: scan.isCut, entries: all };
  const packed = all.reduce((sum, { kept, size }) => sum + (kept?.pack === n ? size : 0), index.packed);
  const changes = changesBetween(before, manifest).length;
  await archive.commit(manifest, (now) => note({ ...now, packed }, n, changes));
}

function isSame(before: readonly Entry[], now: readonly Entry[]): boolean {
  return (
    before.length === now.length &&
    now.every(({ path, stamp }, at) => before[at]?.path === path && before[at].stamp === stamp)
  );
}

/** Files whose bytes are not known, while they fit. */
function worthKeeping(entries: readonly Entry[], room: number): Map<string, Entry> {
  const wanted = new Map<string, Entry>();
  let left = room;
  for (const entry of entries) {
    if (entry.kind !== 'file' || entry.kept !== null || entry.size > largestKept || entry.size > left) continue;
    left -= entry.size;
    wanted.set(entry.path, entry);
  }
  return wanted;
}

/** What of a tar was asked for; whoever makes it may put anything into it. */
async function* wantedFiles(tar: Readable, wanted: ReadonlyMap<string, Entry>): AsyncGenerator<FileBytes> {
  const left = new Map(wanted);
  for await (const { name, type, size, bytes } of readByteTar(tar)) {
    const path = name.replace(/^\.\//, '');
    const entry = left.get(path);
    if (!entry || type !== 'file' || size !== entry.size) continue;
    left.delete(path);
    yield { entry, bytes };
  }
}
