import type { WorkspaceEntry } from '@airlock/protocol/files/workspace';
import { byPath, changesBetween, type Entry, type Manifest } from './manifest.ts';
import { addressOf, shownPath } from './names.ts';

type Changed = NonNullable<WorkspaceEntry['change']>;

/** What is directly in a folder ('' is the workspace itself), folders first, what is gone since the start included. */
export function folderView(now: Manifest, start: Manifest, folder: string): WorkspaceEntry[] {
  const prefix = folder === '' ? '' : `${folder}/`;
  const before = byPath(start.entries);
  const marks = new Map<string, Changed>();
  const gone = new Map<string, Entry>();
  for (const { path, change, before: was } of changesBetween(start, now)) {
    if (!path.startsWith(prefix)) continue;
    const [name = '', ...below] = path.slice(prefix.length).split('/');
    const child = prefix + name;
    marks.set(child, below.length === 0 ? change : before.has(child) ? 'changed' : 'added');
    if (below.length === 0 && was && change === 'removed') gone.set(child, was);
    if (below.length > 0 && before.get(child)?.kind === 'folder') gone.set(child, before.get(child) as Entry);
  }
  const here = now.entries.filter(({ path }) => path.startsWith(prefix) && !path.includes('/', prefix.length));
  for (const { path } of here) gone.delete(path);
  const items = [
    ...here.map((entry) => viewOf(entry, marks.get(entry.path))),
    ...[...gone.values()].map((entry) => viewOf(entry, 'removed')),
  ];
  const rank = ({ kind }: WorkspaceEntry) => (kind === 'folder' ? 0 : 1);
  return items.sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1));
}

function viewOf({ path, kind, size, mtime, links, target }: Entry, change: Changed | undefined): WorkspaceEntry {
  return {
    path: shownPath(path),
    address: addressOf(path),
    kind,
    size,
    at: new Date(mtime).toISOString(),
    links: kind === 'file' ? links : 1,
    ...(kind === 'link' ? { target: shownPath(target) } : {}),
    ...(change === undefined ? {} : { change }),
  };
}
