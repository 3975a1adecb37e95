import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { AirlockError } from '@airlock/protocol/errors';
import type { Prepared, Repository } from '@airlock/protocol/repository';
import * as z from 'zod';
import type { Environment } from '../engine/run-program.ts';
import { writeAll } from '../files/write-all.ts';
import type { Secret } from '../gateway/secrets.ts';
import type { Log } from '../log/log.ts';
import type { Placement } from '../placement/placement.ts';
import type { Store } from '../store/store.ts';
import type { Rooms } from '../workspaces/rooms.ts';
import { takeBundle } from './bundle.ts';
import { cloneRepository, removeClone, unreachable } from './clone.ts';
import { type GitAccess, gitText, runGit } from './git.ts';
import { workspaceGit } from './workspace-git.ts';

/*
 * Git repositories that sessions begin with. For each there is, with the files of its execution, out of every container's reach:
 *
 *   repository/<session>/git/         what was cloned, bare
 *   repository/<session>/state.json   what it is; written once the clone is whole
 */

export interface RepositoryOf {
  readonly id: string;
  readonly execution: string;
  readonly container: string;
  readonly repository: Repository;
  readonly workspaceBytes: number;
}

export interface Repositories {
  /** Throws `secret_unusable` when the token is not there, or not for this server. */
  require(repository: Repository): void;
  /**
   * Clones the repository of a session and checks it out in its workspace, once. Throws `repository_unusable`, and
   * `container_lost` when it is worth trying again; `onProgress` is called while something happens.
   */
  bring(session: RepositoryOf, signal: AbortSignal, onProgress: () => void): Promise<void>;
  /** Fetches what is new out of the workspace; with `message`, what is in no commit is committed before. */
  prepare(session: BranchOf, message: string | undefined, signal: AbortSignal): Promise<Prepared>;
  /** Pushes a commit that was prepared. The same again changes nothing. */
  push(session: BranchOf, what: { branch: string; commit: string }, signal: AbortSignal): Promise<void>;
}

/** A session, and where it pushes to. */
export interface BranchOf extends Omit<RepositoryOf, 'container' | 'workspaceBytes'> {
  readonly container: string | null;
}

export interface RepositoriesOptions {
  readonly store: Store;
  readonly log: Log;
  readonly placement: Placement;
  /** Folder of an execution in the home. */
  readonly folderOf: (execution: string) => string;
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly rooms: Rooms;
  /** For git, in part. */
  readonly env: Environment;
}

const stateSchema = z.object({
  branch: z.string().nullable(),
  commit: z.string().regex(/^[0-9a-f]{40}$/),
  notes: z.array(z.string()),
  /** Whether the workspace has it. */
  isBrought: z.boolean(),
});
type State = z.infer<typeof stateSchema>;

const mostBytes = 2 * 1024 ** 3;
const tellMs = 5_000;
const pushMs = 10 * 60_000;

/** $1: message of a commit of what is in none; empty: none is made. $2: the commit the session began with. */
const bundle = `cd /workspace && export GIT_PAGER=cat GIT_TERMINAL_PROMPT=0 &&
g() { git -c core.hooksPath=/dev/null -c core.fsmonitor=false -c gc.auto=0 -c commit.gpgSign=false "$@"; } &&
if [ -n "$1" ] && [ -n "$(g status --porcelain | head -c 1)" ]; then
  g add -A && g -c user.name=Claude -c user.email=noreply@anthropic.com commit --quiet --no-verify -m "$1"
fi &&
if [ "$(g rev-parse HEAD)" != "$2" ]; then g bundle create --quiet - HEAD "^$2"; fi`;
const mostStat = 20_000;

const checkOut = 'cd /workspace && git -c core.hooksPath=/dev/null reset --quiet --hard HEAD';

export function createRepositories(options: RepositoriesOptions): Repositories {
  const { store, log, placement } = options;

  const placeOf = ({ execution, id }: Pick<RepositoryOf, 'execution' | 'id'>) =>
    join(options.folderOf(execution), 'repository', id);

  function accessTo({ url, token }: Repository): GitAccess {
    if (token === undefined) return { url };
    const name = token.slice(2, -2);
    const secret = options.secrets.get(name);
    const { host } = new URL(url);
    if (!secret) throw new AirlockError('secret_unusable', `AIRLOCK_SECRET_${name} is not set; ${url} wants it`);
    if (secret.hosts.includes(host)) return { url, token: secret.value };
    throw new AirlockError('secret_unusable', `AIRLOCK_SECRET_HOSTS_${name} does not name ${host}`);
  }

  async function say({ execution }: Pick<RepositoryOf, 'execution'>, line: string): Promise<void> {
    await store.write((tx) => log.append(tx, execution, [{ kind: 'debug', payload: { text: line } }]));
  }

  async function readState(place: string): Promise<State | undefined> {
    const written = await readFile(join(place, 'state.json'), 'utf8').catch(() => undefined);
    return written === undefined ? undefined : stateSchema.parse(JSON.parse(written));
  }

  const writeState = (place: string, state: State) => writeAll(join(place, 'state.json'), JSON.stringify(state));

  async function clone(session: RepositoryOf, signal: AbortSignal, onProgress: () => void): Promise<State> {
    const { repository, workspaceBytes } = session;
    const place = placeOf(session);
    await removeClone(place);
    await say(session, `Cloning ${repository.url}`);
    let told = performance.now();
    const cloned = await cloneRepository({
      env: options.env,
      folder: join(place, 'git'),
      access: accessTo(repository),
      ref: repository.ref,
      mostBytes: Math.min(mostBytes, workspaceBytes),
      signal,
      onProgress(line) {
        onProgress();
        if (performance.now() - told < tellMs) return;
        told = performance.now();
        void say(session, `Cloning ${repository.url}: ${line.slice(0, 200)}`).catch(() => undefined);
      },
    }).catch(async (error: unknown) => {
      await removeClone(place);
      throw error;
    });
    const state = { ...cloned, isBrought: false };
    await writeState(place, state);
    return state;
  }

  /** The clone of a session that has got it. */
  async function broughtGit(session: BranchOf, stopped: AbortSignal) {
    const place = placeOf(session);
    const state = await readState(place);
    if (!state?.isBrought) throw new AirlockError('repository_unusable', 'The session has not begun with it yet');
    const signal = AbortSignal.any([stopped, AbortSignal.timeout(pushMs)]);
    return { state, git: { env: options.env, folder: join(place, 'git'), signal } };
  }

  return {
    require: (repository) => void accessTo(repository),

    async bring(session, signal, onProgress) {
      const place = placeOf(session);
      const known = await readState(place);
      if (known?.isBrought) return;
      const state = known ?? (await clone(session, signal, onProgress));
      const { url } = session.repository;
      await placement.unpack(session.container, workspaceGit(join(place, 'git'), url, state));
      await text(await placement.run(session.container, ['/bin/sh', '-c', checkOut], 'Checking out the repository'));
      await writeState(place, { ...state, isBrought: true });
      const where = state.branch === null ? state.commit : `${state.branch} at ${state.commit.slice(0, 12)}`;
      await say(session, [`In the workspace: ${url}, ${where}`, ...state.notes].join('; '));
    },

    async prepare(session, message, signal) {
      const { git, state } = await broughtGit(session, signal);
      const { url } = session.repository;
      const tip = await options.rooms.inside(session, async (container) => {
        const command = ['/bin/sh', '-c', bundle, 'sh', message ?? '', state.commit];
        return await takeBundle(await placement.run(container, command, 'Reading the repository'), mostBytes, git);
      });
      if (tip === undefined) return { url, commit: null, commits: 0, stat: '' };
      const commits = Number(await gitText(['rev-list', '--count', `${state.commit}..${tip}`], git));
      const plain = ['--no-ext-diff', '--no-textconv', '--no-color'];
      const stat = await gitText(['diff', '--stat=80', '--stat-count=100', ...plain, state.commit, tip, '--'], git);
      return { url, commit: tip, commits, stat: stat.trimEnd().slice(0, mostStat) };
    },

    async push(session, { branch, commit }, signal) {
      const { git } = await broughtGit(session, signal);
      const access = accessTo(session.repository);
      const args = ['push', '--no-verify', '--', access.url, `${commit}:refs/heads/${branch}`];
      const { code, stderr } = await runGit(args, { ...git, access });
      if (code !== 0) throw refusal(access, branch, stderr);
      await say(session, `Pushed ${commit.slice(0, 12)} as branch ${branch} to ${access.url}`);
    },
  };
}

function refusal(access: GitAccess, branch: string, stderr: string): AirlockError {
  if (!/\[(?:remote )?rejected\]/.test(stderr)) return unreachable(access, stderr);
  const isBehind = /fetch first|non-fast-forward/.test(stderr);
  const why = isBehind ? 'it has other commits already' : (/\((.{1,200})\)\s*$/m.exec(stderr)?.[1] ?? 'it is refused');
  return new AirlockError('repository_unusable', `Branch ${branch} of ${access.url} was not pushed: ${why}`);
}
