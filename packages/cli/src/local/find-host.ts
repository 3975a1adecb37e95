import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { Failure } from '../failure.ts';
import { type HostFile, readHostFile } from './host-file.ts';

/** `silent`: its process lives but does not answer over HTTP. */
export type FoundHost =
  | { readonly state: 'none' }
  | { readonly state: 'silent'; readonly file: HostFile }
  | { readonly state: 'running'; readonly file: HostFile };

/** Whether a process with this id exists, be it ours or another user's. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function commandLine(pid: number): Promise<string> {
  if (process.platform === 'linux') return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
  const { stdout } = await promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)]);
  return stdout;
}

/** Process ids are used again: only a process that looks like a host may be taken for one. */
async function isHost(pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  try {
    return /main\.ts['"]? serve\b/.test(await commandLine(pid));
  } catch {
    return false;
  }
}

async function answers(url: string, timeoutMs: number): Promise<boolean> {
  try {
    const response = await fetch(new URL('/api/health', url), { signal: AbortSignal.timeout(timeoutMs) });
    return response.ok;
  } catch {
    return false;
  }
}

/** Finds the host that serves this home. A file left by a host that died counts as none. */
export async function findHost(home: string, timeoutMs = 3000): Promise<FoundHost> {
  const file = readHostFile(home);
  if (file === undefined || !(await isHost(file.pid))) return { state: 'none' };
  return { state: (await answers(file.url, timeoutMs)) ? 'running' : 'silent', file };
}

/** Finds the host or explains why nothing can be asked of it. */
export async function requireHost(home: string): Promise<HostFile> {
  const found = await findHost(home);
  if (found.state === 'running') return found.file;
  if (found.state === 'none') {
    throw new Failure('Airlock is not running', `no host serves ${home}`, 'Start it with `npm start`');
  }
  throw new Failure(
    'Airlock does not answer',
    `its process ${found.file.pid} lives, but ${found.file.url} gives no answer`,
    'See `airlock logs`; stop it with `airlock stop` and start it again',
  );
}
