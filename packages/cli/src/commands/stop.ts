import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { createApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { Failure, toShown } from '../failure.ts';
import { findHost, isAlive } from '../local/find-host.ts';
import type { HostFile } from '../local/host-file.ts';
import { exitCodeOf, spawnHost } from '../local/host-process.ts';
import { printJson, startProgress } from '../terminal.ts';

export interface StopOptions {
  readonly sessions?: boolean;
  readonly json?: boolean;
  /** How long a host may take to end; default 60 s. */
  readonly patienceMs?: number;
}

async function waitForExit(pid: number, patienceMs: number): Promise<boolean> {
  const deadline = Date.now() + patienceMs;
  while (isAlive(pid)) {
    if (Date.now() > deadline) return false;
    await delay(50);
  }
  return true;
}

function terminate(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
    throw new Failure('Airlock could not be stopped', `no right to signal process ${pid}`, `Run: sudo kill ${pid}`, {
      cause: error,
    });
  }
}

/** Asks the host to end its sessions and itself; false when it cannot be asked. */
async function endByApi(file: HostFile, context: Context): Promise<boolean> {
  try {
    await createApiClient(file).post('/system/stop', { sessions: true }, z.unknown());
    return true;
  } catch (error) {
    context.terminal.err(`${toShown(error).title}; its sessions are ended once it has stopped\n`);
    return false;
  }
}

/** Ends the sessions' containers with no host running. */
async function endByProcess(context: Context): Promise<void> {
  const child = spawnHost(context.settings, ['end-sessions']);
  const code = await exitCodeOf(child);
  if (code !== 0) {
    throw new Failure('The sessions could not be ended', `the host ended with code ${code}`, 'Run `airlock doctor`');
  }
}

/** Stops the host, and with `sessions` the session containers too. Nothing running is no failure. */
export async function stop(context: Context, options: StopOptions): Promise<number> {
  const { settings, terminal } = context;
  const found = await findHost(settings.home);
  if (found.state === 'none') {
    if (options.sessions === true) await endByProcess(context);
    if (options.json === true) printJson(terminal, { stopped: false, running: false });
    else terminal.out('Airlock is not running\n');
    return 0;
  }
  const { pid, url } = found.file;
  const patienceMs = options.patienceMs ?? 60_000;
  const progress = startProgress(terminal, `Stopping Airlock (process ${pid})`);
  const asked = options.sessions === true && found.state === 'running' && (await endByApi(found.file, context));
  terminate(pid);
  if (!(await waitForExit(pid, patienceMs))) {
    progress.end('✗ Airlock did not stop');
    throw new Failure(
      'Airlock did not stop',
      `process ${pid} is still there after ${Math.round(patienceMs / 1000)} s`,
      `See \`airlock logs\`, or end it with: kill -9 ${pid} (nothing acknowledged is lost)`,
    );
  }
  progress.end('✓ Airlock has stopped');
  if (options.sessions === true && !asked) await endByProcess(context);
  if (options.json === true) printJson(terminal, { stopped: true, pid, url });
  return 0;
}
