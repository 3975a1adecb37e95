import type { WorkspaceKind } from '@airlock/protocol/files/workspace';
import { workspaceKindSchema } from '@airlock/protocol/files/workspace';
import * as z from 'zod';
import type { Scanned } from '../placement/workspace-scan.ts';

/** Where the bytes of a file are kept: in which pack, from where on. */
const keptSchema = z.object({
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  pack: z.number().int().nonnegative(),
  start: z.number().int().nonnegative(),
});
export type Kept = z.infer<typeof keptSchema>;

const entrySchema = z.object({
  /** Bytes, one character each. */
  path: z.string(),
  kind: workspaceKindSchema,
  size: z.number().int().nonnegative(),
  mtime: z.number().int().nonnegative(),
  links: z.number().int().positive(),
  isProgram: z.boolean(),
  target: z.string(),
  stamp: z.string(),
  /** Null: only its stamp is known. */
  kept: keptSchema.nullable(),
});
export type Entry = z.infer<typeof entrySchema>;

/** What was in a workspace at a moment, by path. */
export const manifestSchema = z.object({ isCut: z.boolean(), entries: z.array(entrySchema) });
export type Manifest = z.infer<typeof manifestSchema>;

export const noManifest: Manifest = { isCut: false, entries: [] };

const kinds: Readonly<Record<string, WorkspaceKind>> = {
  f: 'file',
  d: 'folder',
  l: 'link',
  p: 'pipe',
  s: 'socket',
};

/** A thing as it was found; what is known of its bytes is taken over while it has the same stamp. */
export function entryOf(found: Scanned, before: Entry | undefined): Entry {
  const { path, size, mtime, links, target, stamp } = found;
  const kind = kinds[found.type] ?? 'device';
  return {
    path,
    kind,
    size: kind === 'file' ? size : 0,
    mtime,
    links,
    isProgram: kind === 'file' && (found.mode & 0o100) !== 0,
    target: kind === 'link' ? target : '',
    stamp,
    kept: before?.stamp === stamp ? before.kept : null,
  };
}

export const byPath = (entries: readonly Entry[]): Map<string, Entry> =>
  new Map(entries.map((entry) => [entry.path, entry]));

export interface Change {
  readonly path: string;
  readonly change: 'added' | 'changed' | 'removed';
  readonly before: Entry | undefined;
  readonly after: Entry | undefined;
}

/** What differs, by path. Folders count by what is in them. */
export function changesBetween(from: Manifest, to: Manifest): Change[] {
  const before = byPath(from.entries);
  const after = byPath(to.entries);
  const changes: Change[] = [];
  for (const [path, now] of after) {
    const was = before.get(path);
    if (now.kind === 'folder' && (was === undefined || was.kind === 'folder')) continue;
    if (was === undefined || was.kind === 'folder')
      changes.push({ path, change: 'added', before: undefined, after: now });
    else if (now.kind === 'folder') changes.push({ path, change: 'removed', before: was, after: undefined });
    else if (differs(was, now)) changes.push({ path, change: 'changed', before: was, after: now });
  }
  for (const [path, was] of before) {
    if (was.kind === 'folder' || after.has(path)) continue;
    changes.push({ path, change: 'removed', before: was, after: undefined });
  }
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function differs(was: Entry, now: Entry): boolean {
  if (was.kind !== now.kind || was.target !== now.target || was.isProgram !== now.isProgram) return true;
  if (now.kind !== 'file') return false;
  if (was.kept && now.kept) return was.kept.hash !== now.kept.hash;
  return was.size !== now.size || was.mtime !== now.mtime;
}
