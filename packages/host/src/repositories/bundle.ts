import { Readable } from 'node:stream';
import { AirlockError } from '@airlock/protocol/errors';
import { sizeInWords } from '@airlock/protocol/files/file';
import { type GitOptions, gitText, lastLine, runGit } from './git.ts';

/** Longest list of names before the objects of a bundle. */
const mostHead = 1024 ** 2;

/*
 * F23. What comes out of a workspace is a bundle, made by the container's git and taken for hostile: its objects are checked
 *      one by one, no configuration, hook or reference of it is used, and nothing is checked out.
 */

/** Takes the objects of a bundle into a bare repository. Resolves with the commit it is of; undefined when it is empty. */
export async function takeBundle(source: Readable, mostBytes: number, git: GitOptions): Promise<string | undefined> {
  const { head, rest } = await splitBundle(source, mostBytes);
  if (head === '') return undefined;
  const tip = /^([0-9a-f]{40}) HEAD$/m.exec(head)?.[1];
  if (!head.startsWith('# v2 git bundle\n') || tip === undefined) {
    rest.destroy();
    throw new AirlockError('repository_unusable', 'What came out of the workspace is no bundle of git');
  }
  const { code, stderr } = await runGit(['index-pack', '--stdin', '--fix-thin', '--strict'], { ...git, input: rest });
  if (code !== 0) throw new AirlockError('repository_unusable', `Its objects are refused: ${lastLine(stderr)}`);
  await gitText(['rev-parse', '--verify', '--quiet', `${tip}^{commit}`], git);
  await gitText(['update-ref', 'refs/airlock/head', tip], git);
  return tip;
}

/** The lines before the objects, and the objects. */
async function splitBundle(source: Readable, mostBytes: number): Promise<{ head: string; rest: Readable }> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let read = Buffer.alloc(0);
  for (;;) {
    const end = read.indexOf('\n\n');
    if (end !== -1) {
      const rest = Readable.from(bounded(read.subarray(end + 2), chunks, mostBytes), { objectMode: false });
      return { head: read.subarray(0, end + 1).toString('latin1'), rest };
    }
    const next = await chunks.next();
    if (next.done || read.length > mostHead) return { head: read.toString('latin1'), rest: Readable.from([]) };
    read = Buffer.concat([read, next.value]);
  }
}

async function* bounded(first: Buffer, chunks: AsyncIterator<Buffer>, most: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  try {
    for (let next: IteratorResult<Buffer> = { value: first }; !next.done; next = await chunks.next()) {
      bytes += next.value.length;
      if (bytes > most) throw new AirlockError('repository_unusable', `It has more than ${sizeInWords(most)} to push`);
      yield next.value;
    }
  } finally {
    await chunks.return?.();
  }
}
