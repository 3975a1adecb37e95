import { Readable } from 'node:stream';
import { AirlockError } from '@airlock/protocol/errors';
import { imagePaths } from '@airlock/protocol/image';
import { readTar, type TarEntry } from '../files/tar-entries.ts';

const folder = imagePaths.workspace.slice(1);
const kept = new Set<TarEntry['type']>(['file', 'directory', 'symlink', 'link', 'fifo', 'contiguous-file']);

/**
 * Reads the tar of a workspace to its end and throws `backup_unusable` when the engine would write anything outside the
 * workspace for it. Symbolic links may point anywhere: a session can make such itself, and only it follows them.
 */
export async function checkWorkspaceTar(session: string, tar: AsyncIterable<Uint8Array>): Promise<void> {
  const links = new Set<string>();
  const refuse = (problem: string, cause?: unknown) =>
    new AirlockError('backup_unusable', `The workspace of session ${session}: ${problem}`, { cause });
  try {
    for await (const entry of readTar(Readable.from(tar, { objectMode: false }))) {
      const problem = problemOf(entry, links);
      if (problem) throw refuse(problem);
      if (entry.type === 'symlink') links.add(withoutSlash(entry.name));
    }
  } catch (error) {
    throw error instanceof AirlockError ? error : refuse('it is no whole tar', error);
  }
}

function problemOf(entry: TarEntry, links: ReadonlySet<string>): string | undefined {
  const { name, type, target } = entry;
  if (!isInside(name)) return `${JSON.stringify(name)} lies outside it`;
  if (leadsThrough(name, links)) return `${JSON.stringify(name)} leads through a link`;
  if (type === 'link' && (!isInside(target) || leadsThrough(target, links))) {
    return `${JSON.stringify(name)} is a hard link out of it`;
  }
  // Anybody may make the device 0:0, which is none; others open the machine.
  const isNone = type === 'character-device' && entry.device.every((number) => number === 0);
  return kept.has(type) || isNone ? undefined : `${JSON.stringify(name)} is a ${type}`;
}

function isInside(name: string): boolean {
  const [top, ...rest] = withoutSlash(name).split('/');
  return top === folder && rest.every((each) => each !== '' && each !== '.' && each !== '..') && !name.includes('\0');
}

/** Whether a folder on the way is a symbolic link of the same tar. */
function leadsThrough(name: string, links: ReadonlySet<string>): boolean {
  if (links.size === 0) return false;
  const segments = withoutSlash(name).split('/');
  return segments.some((_, at) => at > 0 && links.has(segments.slice(0, at).join('/')));
}

function withoutSlash(name: string): string {
  return name.endsWith('/') ? name.slice(0, -1) : name;
}
