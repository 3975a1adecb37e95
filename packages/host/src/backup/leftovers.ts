import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AirlockError } from '@airlock/protocol/errors';
import { lockFile } from '../store/file-lock.ts';
import type { Containers } from './containers.ts';

/**
 * Makes this the only backup or restore of a home until it ends, however it ends. Returns how to let go; throws
 * `backup_running` when there is one.
 */
export function own(home: string): () => void {
  const letGo = tryOwn(home);
  if (!letGo) throw new AirlockError('backup_running', `It works on ${home}`);
  return letGo;
}

const tryOwn = (home: string) => lockFile(join(home, 'backup.lock'), 'alone');

/** Where a backup keeps what is of no use after it. It is there as long as containers may be paused. */
export interface BackupWork {
  readonly storeCopy: string;
  remove(): void;
}

const workOf = (home: string) => join(home, 'backup');
const partSuffix = '.part';

/** Name of an archive until it is whole. */
export const partOf = (file: string) => `${file}${partSuffix}`;

/** Marks the begin of a backup to `file`, on the disk. */
export function beginWork(home: string, file: string): BackupWork {
  const folder = workOf(home);
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(join(folder, 'target'), partOf(file), { flush: true });
  return { storeCopy: join(folder, 'store.db'), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Undoes what a killed backup left: its containers go on, its files go. Only who owns the home may call it. */
export async function clearWork(home: string, containers: Containers): Promise<void> {
  if (!existsSync(workOf(home))) return;
  await containers.release();
  const target = readIfThere(join(workOf(home), 'target'));
  if (target?.endsWith(partSuffix)) rmSync(target, { force: true });
  rmSync(workOf(home), { recursive: true, force: true });
}

/**
 * What a host does at its start and every second: a backup that was killed must not leave sessions paused. Resolves
 * with whether there was one.
 */
export async function clearKilledBackup(home: string, containers: Containers): Promise<boolean> {
  if (!existsSync(workOf(home))) return false;
  const letGo = tryOwn(home);
  if (!letGo) return false;
  try {
    await clearWork(home, containers);
    return true;
  } finally {
    letGo();
  }
}

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
