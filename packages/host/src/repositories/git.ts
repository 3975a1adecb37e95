import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AirlockError } from '@airlock/protocol/errors';
import { type Environment, programEnvironment } from '../engine/run-program.ts';

/*
 * Git on the host. It reads what servers and agents send, so nothing of theirs is run or believed.
 *
 * F21. Git runs with no configuration but what is said here: no hooks, no helpers, no filters, no submodules, no transport but
 *      https, or http to this machine. It never checks out.
 * F22. A token is handed over in the environment, for one origin; it stands in no argument, file, event or error.
 */

export interface GitAccess {
  /** The address, which says what may be spoken. */
  readonly url: string;
  /** What it is reached with; it is kept out of whatever git says. */
  readonly token?: string | undefined;
}

export interface GitOptions {
  /** Handed on in part. */
  readonly env: Environment;
  /** Folder of the bare repository. */
  readonly folder: string;
  readonly access?: GitAccess | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What it reads; destroyed when git ends before it does. */
  readonly input?: Readable | undefined;
  /** What git tells of its progress, a line at a time. */
  readonly onProgress?: ((line: string) => void) | undefined;
}

export interface GitEnd {
  readonly code: number | null;
  /** Its first 4 MiB. */
  readonly stdout: string;
  /** Its last 4 KiB. */
  readonly stderr: string;
}

const mostOutput = 4 * 1024 ** 2;
const mostErrors = 4 * 1024;

const settings: Readonly<Record<string, string>> = {
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': 'false',
  'core.askPass': '',
  'credential.helper': '',
  'http.followRedirects': 'false',
  // One that its host has left ends by itself when nothing comes any more.
  'http.lowSpeedLimit': '1',
  'http.lowSpeedTime': '120',
  'submodule.recurse': 'false',
  'fetch.recurseSubmodules': 'false',
  'push.recurseSubmodules': 'no',
  'fetch.unpackLimit': '1',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'protocol.allow': 'never',
};

/** Runs git and resolves with its end, whatever that is. Rejects when it is not there, or with the signal's reason. */
export async function runGit(args: readonly string[], options: GitOptions): Promise<GitEnd> {
  const { signal, access } = options;
  const child = spawn('git', ['--bare', ...args], {
    cwd: options.folder,
    env: environment(options),
    stdio: ['pipe', 'pipe', 'pipe'],
    // It starts programs of its own, which end with it.
    detached: true,
  });
  const stop = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  };
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  let failure: unknown;
  const { input } = options;
  if (input === undefined) child.stdin.end();
  else {
    let isDeaf = false;
    // Before the pipe hears of it, and destroys what it reads: git has ended, and says why.
    child.stdin.once('close', () => {
      isDeaf = !input.destroyed;
    });
    pipeline(input, child.stdin).catch((error: unknown) => {
      failure = isDeaf || isBroken(error) ? undefined : error;
      stop();
    });
  }
  child.stdin.on('error', () => undefined);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (stdout.length < mostOutput) stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.split(/[\r\n]+/)) if (line !== '') options.onProgress?.(line);
    stderr = (stderr + text).slice(-mostErrors);
  });
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    signal?.throwIfAborted();
    if (failure !== undefined) throw failure;
    return { code, stdout, stderr: without(stderr, access?.token) };
  } catch (error) {
    if (isMissing(error)) throw new AirlockError('repository_unusable', noGit);
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** Said where git is wanted and is not there. */
export const noGit = 'There is no git on the machine Airlock runs on: install git there';

/** Runs git for what it prints; rejects when it fails. */
export async function gitText(args: readonly string[], options: GitOptions): Promise<string> {
  const { code, stdout, stderr } = await runGit(args, options);
  if (code === 0) return stdout;
  throw new AirlockError('repository_unusable', `git ${args[0]} failed: ${lastLine(stderr)}`);
}

/** The last thing git said, for people. */
export function lastLine(stderr: string): string {
  const lines = stderr.split(/[\r\n]+/).filter((line) => line.trim() !== '');
  const told = lines.filter((line) => /^(fatal|error|remote| !)/.test(line));
  return (told.length > 0 ? told : lines).slice(-3).join('; ').slice(0, 500);
}

function environment({ env, access }: GitOptions): Record<string, string> {
  const { HOME: _, ...passed } = programEnvironment(env);
  const all = Object.entries({ ...settings, ...transport(access) });
  const told = all.flatMap(([name, value], at) => [
    [`GIT_CONFIG_KEY_${at}`, name],
    [`GIT_CONFIG_VALUE_${at}`, value],
  ]);
  return {
    ...passed,
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '/bin/false',
    GIT_LFS_SKIP_SMUDGE: '1',
    GIT_CONFIG_COUNT: String(all.length),
    ...Object.fromEntries(told),
  };
}

function transport(access: GitAccess | undefined): Record<string, string> {
  if (access === undefined) return {};
  const { protocol, origin } = new URL(access.url);
  return {
    [`protocol.${protocol.slice(0, -1)}.allow`]: 'always',
    ...(access.token === undefined ? {} : { [`http.${origin}/.extraHeader`]: `Authorization: ${basic(access.token)}` }),
  };
}

/** Forges take a token as the password, whoever the user is. */
const basic = (token: string) => `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;

function without(text: string, token: string | undefined): string {
  if (token === undefined) return text;
  return text.replaceAll(basic(token), '[secret]').replaceAll(token, '[secret]');
}

/** Git has ended, and says why itself. */
function isBroken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EPIPE' || error.code === 'ECONNRESET');
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
