import { buffer } from 'node:stream/consumers';
import type { NoDiff, WorkspaceChange } from '@airlock/protocol/files/workspace';
import { formatPatch, type StructuredPatch, structuredPatch } from 'diff';
import type { WorkspaceArchive } from './archive.ts';
import type { Change, Entry } from './manifest.ts';
import { addressOf, shownPath } from './names.ts';

/** Longest text that is compared, and most time that takes. */
const longestText = 512 * 1024;
const patienceMs = 500;
/** Most of one list of changes that is differences. */
const mostListed = 1024 ** 2;
const mostPatched = 20 * 1024 ** 2;

type Text = { readonly text: string } | { readonly no: NoDiff };

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

async function textOf(archive: WorkspaceArchive, entry: Entry | undefined): Promise<Text> {
  if (entry === undefined) return { text: '' };
  if (entry.kind === 'link') return { text: shownPath(entry.target) };
  if (entry.kind !== 'file') return { no: 'no_file' };
  if (entry.size > longestText) return { no: 'too_large' };
  if (entry.kept === null) return { no: 'not_kept' };
  const bytes = await buffer(archive.read({ kept: entry.kept, size: entry.size })).catch(() => undefined);
  if (bytes === undefined) return { no: 'not_kept' };
  if (bytes.includes(0)) return { no: 'binary' };
  try {
    return { text: decoder.decode(bytes) };
  } catch {
    return { no: 'binary' };
  }
}

async function patchOf(archive: WorkspaceArchive, change: Change): Promise<StructuredPatch | NoDiff> {
  const { path, before, after } = change;
  const [was, is] = await Promise.all([textOf(archive, before), textOf(archive, after)]);
  if ('no' in was) return was.no;
  if ('no' in is) return is.no;
  const name = shownPath(path);
  const [old, next] = [before ? `a/${name}` : '/dev/null', after ? `b/${name}` : '/dev/null'];
  const options = { context: 3, timeout: patienceMs };
  const patch = structuredPatch(old, next, was.text, is.text, undefined, undefined, options);
  if (patch === undefined) return 'too_large';
  return {
    ...patch,
    isGit: true,
    ...(before ? { oldMode: modeOf(before) } : { isCreate: true }),
    ...(after ? { newMode: modeOf(after) } : { isDelete: true }),
  };
}

function modeOf({ kind, isProgram }: Entry): string {
  if (kind === 'link') return '120000';
  return isProgram ? '100755' : '100644';
}

/** The lines of a patch, without what names its file. */
function linesOf({ hunks }: StructuredPatch): string {
  return hunks
    .flatMap(({ oldStart, oldLines, newStart, newLines, lines }) => [
      `@@ -${startOf(oldStart, oldLines)},${oldLines} +${startOf(newStart, newLines)},${newLines} @@`,
      ...lines,
    ])
    .join('\n');
}

/** Of no lines, the line before them is named. */
const startOf = (start: number, lines: number) => (lines === 0 ? start - 1 : start);

/** Changes as people get them, with their differences if asked for, as far as these fit. */
export async function describeChanges(
  archive: WorkspaceArchive,
  changes: readonly Change[],
  withDiffs: boolean,
): Promise<WorkspaceChange[]> {
  let room = mostListed;
  const described: WorkspaceChange[] = [];
  for (const each of changes) {
    const { path, change } = each;
    const { kind, size } = (each.after ?? each.before) as Entry;
    const item = { path: shownPath(path), address: addressOf(path), change, kind, size };
    if (!withDiffs) {
      described.push(item);
      continue;
    }
    const patch = room > 0 ? await patchOf(archive, each) : 'list_full';
    const diff = typeof patch === 'string' ? undefined : linesOf(patch);
    if (diff === undefined) described.push({ ...item, noDiff: patch as NoDiff });
    else if (diff.length > room && described.length > 0) described.push({ ...item, noDiff: 'list_full' });
    else described.push({ ...item, diff });
    room -= diff?.length ?? 0;
  }
  return described;
}

/** All changes as one patch for `git apply`; what it cannot hold stands in the lines before it. */
export async function patchText(
  archive: WorkspaceArchive,
  changes: readonly Change[],
  isCut: boolean,
): Promise<string> {
  const parts: string[] = [];
  const left: string[] = isCut ? ['The workspace holds more than was looked at'] : [];
  let room = mostPatched;
  for (const change of changes) {
    const patch = room > 0 ? await patchOf(archive, change) : 'list_full';
    const why = typeof patch === 'string' ? patch : isNameable(change.path) ? undefined : 'name';
    if (why !== undefined || typeof patch === 'string') {
      left.push(`Left out: ${JSON.stringify(shownPath(change.path))} (${why})`);
      continue;
    }
    const text = formatPatch(patch);
    room -= text.length;
    parts.push(text);
  }
  return [...left.map((line) => `# ${line}\n`), ...parts].join('');
}

/** Whether a patch can name it so that it is found again. */
const isNameable = (path: string) => shownPath(path) === Buffer.from(path, 'latin1').toString('utf8');
