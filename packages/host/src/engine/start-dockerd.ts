import { spawn } from 'node:child_process';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AirlockError } from '@airlock/protocol/errors';
import { type Environment, programEnvironment } from './run-program.ts';

export interface StartDockerdOptions {
  readonly env: Environment;
  readonly logFolder: string;
  readonly onLine: (line: string) => void;
  readonly isUp: () => Promise<boolean>;
  readonly signal?: AbortSignal | undefined;
}

const pidFile = '/var/run/docker.pid';
const everyMs = 100;
const attempts = 600;

/**
 * Starts dockerd in a process session of its own, so that Ctrl-C at our terminal does not reach it, and with
 * `live-restore`, so that containers outlive it. Resolves when it answers; its log is `dockerd.log` in `logFolder`.
 */
export async function startDockerd(options: StartDockerdOptions): Promise<void> {
  await mkdir(options.logFolder, { recursive: true });
  await removeStalePidFile();
  const logPath = join(options.logFolder, 'dockerd.log');
  const log = await open(logPath, 'a');
  const args = dockerdArguments(await readFile('/etc/docker/daemon.json', 'utf8').catch(() => undefined));
  options.onLine(`dockerd ${args.join(' ')} (log: ${logPath})`);
  const child = spawn('dockerd', args, {
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: programEnvironment(options.env),
    cwd: '/',
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(`it ended with ${signal ?? `code ${code}`}`));
  });
  child.unref();
  try {
    await untilUp(options, ended, logPath);
  } finally {
    await log.close();
  }
}

async function untilUp(options: StartDockerdOptions, ended: Promise<string>, logPath: string): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const outcome = await Promise.race([ended, options.isUp()]);
    if (outcome === true) return;
    if (typeof outcome === 'string') throw await notStarted(outcome, logPath);
    await sleep(everyMs, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }
  throw await notStarted(`no answer in ${(attempts * everyMs) / 1000} s`, logPath);
}

async function notStarted(why: string, logPath: string): Promise<AirlockError> {
  const log = await readFile(logPath, 'utf8').catch(() => '');
  const tail = log.trimEnd().split('\n').slice(-5).join('\n');
  return new AirlockError('engine_unreachable', `dockerd did not start: ${why}. Log: ${logPath}\n${tail}`);
}

/** dockerd refuses a flag that its configuration file sets as well, so the file goes first. */
export function dockerdArguments(daemonJson: string | undefined): string[] {
  return daemonJson !== undefined && /"live-restore"\s*:/.test(daemonJson) ? [] : ['--live-restore'];
}

/** dockerd refuses to start when its pid file names any living process, also one that took the number later. */
async function removeStalePidFile(): Promise<void> {
  const pid = (await readFile(pidFile, 'utf8').catch(() => '')).trim();
  if (!/^\d+$/.test(pid)) return;
  const program = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
  if (program.trim() !== 'dockerd') await rm(pidFile, { force: true });
}
