import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../settings.ts';

/** How a process ended, as a shell would say it: killed by a signal counts as 128 and its number. */
export function exitCodeOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
  });
}

/** Node's flags for a host: without them it lets its new objects take 60 MB that nobody needs. */
export const hostFlags: readonly string[] = ['--max-semi-space-size=4'];

function hostMain(settings: Settings): string {
  return join(settings.root, 'packages', 'host', 'src', 'main.ts');
}

/** The environment of a host: its compiled code is kept in the home, so that the next start is fast. */
function hostEnv(settings: Settings): NodeJS.ProcessEnv {
  return { ...settings.env, NODE_COMPILE_CACHE: join(settings.home, 'cache', 'compile') };
}

/** Starts the host with the streams of the command. */
export function spawnHost(settings: Settings, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [...hostFlags, hostMain(settings), ...args], {
    cwd: settings.root,
    env: hostEnv(settings),
    stdio: 'inherit',
  });
}

export interface Output {
  readonly code: number;
  readonly stdout: string;
  /** The end of what it said on its error stream. */
  readonly stderr: string;
}

const outputLimit = 1024 * 1024;

/** Runs a program in this Node to its end and returns what it printed. */
export async function runProgram(settings: Settings, cwd: string, args: readonly string[]): Promise<Output> {
  const child = spawn(process.execPath, args, { cwd, env: hostEnv(settings), stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output.stdout = (output.stdout + chunk).slice(-outputLimit);
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    output.stderr = (output.stderr + chunk).slice(-4096);
  });
  const closed = new Promise((resolve) => child.once('close', resolve));
  const code = await exitCodeOf(child);
  await closed;
  return { code, ...output };
}

/** Runs a host subcommand to its end and returns what it printed. */
export function runHost(settings: Settings, args: readonly string[]): Promise<Output> {
  return runProgram(settings, settings.root, [...hostFlags, hostMain(settings), ...args]);
}
