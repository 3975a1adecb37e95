import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AirlockError } from '@airlock/protocol/errors';
import { sizeInWords } from '@airlock/protocol/files/file';
import type { Environment } from '../engine/run-program.ts';
import { type GitAccess, gitText, lastLine, runGit } from './git.ts';

/** What a session begins with. */
export interface Cloned {
  /** Branch it is on; null: on none, at a tag or commit. */
  readonly branch: string | null;
  readonly commit: string;
  /** What of it is not there, in words. */
  readonly notes: string[];
}

export interface CloneOptions {
  readonly env: Environment;
  /** A folder that is not there yet. */
  readonly folder: string;
  readonly access: GitAccess;
  readonly ref: string | undefined;
  readonly mostBytes: number;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

const patienceMs = 10 * 60_000;
const measureMs = 500;

const isCommit = (ref: string) => /^[0-9a-f]{40}$/.test(ref);

/** Fetches what a session is to begin with into a bare repository. Throws `repository_unusable`, which says why. */
export async function cloneRepository(options: CloneOptions): Promise<Cloned> {
  const { folder, access } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const git = { env: options.env, folder, signal: options.signal };
  await gitText(['init', '--quiet', '--template=', '.'], git);
  const found = await findRef(options);
  const wanted = found.name === undefined ? 'refs/heads/*:refs/heads/*' : `${found.name}:${found.name}`;
  await fetchBounded(options, `+${wanted}`);
  const name = found.name ?? found.commit;
  const { code, stdout } = await runGit(['rev-parse', '--verify', '--quiet', `${name}^{commit}`], git);
  if (code !== 0) throw unknownRef(options);
  const branch = found.name?.startsWith('refs/heads/') ? found.name.slice('refs/heads/'.length) : null;
  const commit = stdout.trim();
  const notes = await notesOf(commit, { ...git, access });
  return { branch, commit, notes };
}

/** What `ref` is, told by the server. */
async function findRef({ env, folder, access, ref, signal }: CloneOptions): Promise<{ name?: string; commit: string }> {
  const args = ['ls-remote', '--symref', '--', access.url, 'HEAD', 'refs/heads/*', 'refs/tags/*'];
  const { code, stdout, stderr } = await runGit(args, { env, folder, access, signal: withPatience(signal) });
  if (code !== 0) throw unreachable(access, stderr);
  const refs = new Map(
    stdout.split('\n').flatMap((line) => {
      const [commit = '', name] = line.split('\t');
      return name === undefined || line.startsWith('ref: ') ? [] : [[name, commit] as const];
    }),
  );
  if (refs.size === 0) throw new AirlockError('repository_unusable', `${access.url} is empty: it has no commit`);
  const head = /^ref: (refs\/heads\/\S+)\tHEAD$/m.exec(stdout)?.[1];
  const names = ref === undefined ? [head ?? 'HEAD'] : [`refs/heads/${ref}`, `refs/tags/${ref}`, ref];
  for (const name of names) {
    const commit = refs.get(name);
    if (commit !== undefined && /^refs\/(heads|tags)\//.test(name)) return { name, commit };
  }
  const commit = ref ?? refs.get('HEAD') ?? '';
  if (isCommit(commit)) return { commit };
  throw unknownRef({ access, ref });
}

function unknownRef({ access, ref }: Pick<CloneOptions, 'access' | 'ref'>): AirlockError {
  return new AirlockError(
    'repository_unusable',
    `${access.url} has no branch, tag or commit ${ref ?? 'to begin with'}`,
  );
}

/** Why a server does not give what was asked for. */
export function unreachable({ url, token }: GitAccess, stderr: string): AirlockError {
  const fail = (detail: string) => new AirlockError('repository_unusable', detail);
  if (/could not read Username|Authentication failed|HTTP Basic: Access denied|error: 40[13]\b/i.test(stderr)) {
    if (token === undefined) return fail(`${url} asks for a name and password: name a secret as its token`);
    return fail(`${url} refuses the token`);
  }
  if (/not found|error: 404/i.test(stderr)) return fail(`There is no repository at ${url}, or none that may be seen`);
  if (/redirect|error: 30\d/i.test(stderr)) return fail(`${url} leads elsewhere: name the address it leads to`);
  return fail(`${url}: ${lastLine(stderr)}`);
}

function withPatience(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
}

/** Fetches until it is done, too large, or has taken too long. */
async function fetchBounded(options: CloneOptions, refspec: string): Promise<void> {
  const { env, folder, access, mostBytes } = options;
  const tooMuch = new AbortController();
  const measuring = setInterval(() => {
    void folderBytes(folder).then((bytes) => {
      if (bytes > mostBytes) tooMuch.abort();
    });
  }, measureMs);
  const signal = AbortSignal.any([withPatience(options.signal), tooMuch.signal]);
  const args = ['fetch', '--progress', '--no-tags', '--no-write-fetch-head', '--', access.url, refspec];
  try {
    const { code, stderr } = await runGit(args, { env, folder, access, signal, onProgress: options.onProgress });
    if (code !== 0) throw unreachable(access, stderr);
    if ((await folderBytes(folder)) > mostBytes) tooMuch.abort();
    tooMuch.signal.throwIfAborted();
  } catch (error) {
    options.signal.throwIfAborted();
    if (tooMuch.signal.aborted) {
      const detail = `${access.url} has more than ${sizeInWords(mostBytes)}`;
      throw new AirlockError('repository_unusable', detail, { cause: error });
    }
    if (!signal.aborted) throw error;
    const detail = `${access.url} did not arrive within ${patienceMs / 60_000} minutes`;
    throw new AirlockError('repository_unusable', detail, { cause: error });
  } finally {
    clearInterval(measuring);
  }
}

/** Of a folder that may change meanwhile. */
export async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  let bytes = 0;
  for (const name of names) bytes += (await stat(join(folder, name)).catch(() => ({ size: 0 }))).size;
  return bytes;
}

async function notesOf(commit: string, git: Parameters<typeof runGit>[1]): Promise<string[]> {
  const shown = async (path: string) => await runGit(['cat-file', 'blob', `${commit}:${path}`], git);
  const [attributes, modules] = [await shown('.gitattributes'), await shown('.gitmodules')];
  return [
    ...(/\bfilter=lfs\b/.test(attributes.stdout) ? ['files kept in Git LFS are there as pointers alone'] : []),
    ...(modules.code === 0 ? ['its submodules are left out'] : []),
  ];
}

/** What a clone that failed has left. */
export async function removeClone(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}
