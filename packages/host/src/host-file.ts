import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AirlockError } from '@airlock/protocol/errors';
import { lockFile } from './store/file-lock.ts';

/** What the command line reads to reach the host of this installation. */
export interface HostFile {
  readonly pid: number;
  readonly url: string;
  readonly startedAt: string;
  /** Bearer token of the command line. */
  readonly token: string;
}

export function writeHostFile(home: string, file: HostFile): void {
  const path = join(home, 'host.json');
  writeFileSync(`${path}.new`, `${JSON.stringify(file)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export function removeHostFile(home: string): void {
  rmSync(join(home, 'host.json'), { force: true });
}

/**
 * Makes this the only host of an installation until it ends, however it ends: the lock is SQLite's on a file of its
 * own, which the system releases with the process. Throws when another host has it.
 */
export function lockHome(home: string): () => void {
  const unlock = lockFile(join(home, 'host.lock'), 'alone');
  if (!unlock) {
    throw new AirlockError('store_unusable', `Another host is running on ${home}. Stop it with \`npm stop\``);
  }
  return unlock;
}

/** Whether a host is running on this home. */
export function isHomeLocked(home: string): boolean {
  if (!existsSync(join(home, 'host.lock'))) return false;
  try {
    lockHome(home)();
    return false;
  } catch (error) {
    return error instanceof AirlockError;
  }
}
