import { createReadStream, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { AirlockError } from '@airlock/protocol/errors';
import { settingsOf } from '../sessions/session-row.ts';
import { type Snapshot, snapshotStore } from '../store/snapshot.ts';
import { type ArchiveWriter, createArchive } from './archive-writer.ts';
import type { Containers } from './containers.ts';
import type { Gate } from './gate.ts';
import { beginWork, clearWork, own, partOf } from './leftovers.ts';
import { filesPrefix, storeName } from './manifest.ts';
import { formatBytes, type Progress } from './progress.ts';
import { verifyBackup } from './verify.ts';
import type { Workspaces } from './workspaces.ts';

/*
 * A backup is one moment of an installation.
 *
 * K1. Every container stands still from before the store is copied until its workspace is read; none starts meanwhile.
 * K2. Containers go on whatever happens to the backup: at its end, or when a host or the next backup finds it was killed.
 * K3. A file gets its name when all of it is on the disk and has been read again.
 */

export interface BackupOptions {
  readonly home: string;
  /** Absolute. */
  readonly file: string;
  /** Whether a file that is there may be replaced. */
  readonly force: boolean;
  /** Of this Airlock. */
  readonly version: string;
  readonly gate: Pick<Gate, 'close'>;
  readonly containers: Containers;
  readonly workspaces: Workspaces;
  readonly clock: () => Date;
  readonly signal: AbortSignal;
  readonly onProgress: Progress;
}

export interface BackupSummary {
  readonly file: string;
  readonly bytes: number;
  readonly executions: number;
  readonly workspaces: number;
  readonly files: number;
  /** How long containers stood still, at most. */
  readonly pausedMs: number;
}

/** Claims of a workspace above its limit that are still read: files with holes claim more than they use. */
const mostOfLimit = 4;

/** Makes a backup of a home, whether or not its host runs. */
export async function createBackup(options: BackupOptions): Promise<BackupSummary> {
  const { home, file, containers, signal } = options;
  if (!existsSync(storeOf(home))) throw new AirlockError('nothing_to_back_up', `${home} has no store`);
  refuseTarget(options);
  const letGo = own(home);
  try {
    await clearWork(home, containers);
    const work = beginWork(home, file);
    try {
      return await makeBackup(options, work.storeCopy);
    } finally {
      await containers.release();
      rmSync(partOf(file), { force: true });
      work.remove();
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    letGo();
  }
}

const storeOf = (home: string) => join(home, 'airlock.db');
const filesOf = (home: string) => join(home, 'files');

function refuseTarget({ file, force, home }: BackupOptions): void {
  if (!existsSync(dirname(file))) throw new AirlockError('backup_failed', `There is no folder ${dirname(file)}`);
  const known = existsSync(file) ? statSync(file) : undefined;
  if (known && !known.isFile()) throw new AirlockError('backup_failed', `${file} is not a file`);
  if (known && !force) throw new AirlockError('file_taken', file);
  if (resolve(file).startsWith(filesOf(home) + sep)) {
    throw new AirlockError('backup_failed', `${file} would be in itself; name a file outside ${filesOf(home)}`);
  }
}

async function makeBackup(options: BackupOptions, storeCopy: string): Promise<BackupSummary> {
  const { file, version, signal, onProgress } = options;
  const part = partOf(file);
  const archive = createArchive(part);
  try {
    const frozen = await addFrozen(archive, options, storeCopy);
    const files = await addFiles(archive, options);
    const { executions } = frozen;
    const about = { airlock: version, migration: frozen.level, createdAt: frozen.at.toISOString(), executions };
    const bytes = await archive.finish(about);
    await verifyBackup(part, signal, (read) => onProgress(`Reading it again: ${formatBytes(read)}`));
    refuseTarget(options);
    renameSync(part, file);
    return { file, bytes, executions, workspaces: frozen.workspaces, files, pausedMs: frozen.pausedMs };
  } finally {
    await archive.destroy();
  }
}

/** Adds the store and the workspaces, while nothing in them changes. */
async function addFrozen(archive: ArchiveWriter, options: BackupOptions, storeCopy: string) {
  const { home, containers, gate, clock, signal, onProgress } = options;
  onProgress('Pausing the sessions');
  const open = await gate.close(signal);
  try {
    const at = clock();
    const paused = await containers.pause();
    const { level, executions, sessions } = snapshotStore(storeOf(home), storeCopy);
    await addFile(archive, storeName, storeCopy, signal);
    const workspaces = await addWorkspaces(archive, sessions, paused, options);
    await containers.release();
    return { at, level, executions, workspaces, pausedMs: clock().getTime() - at.getTime() };
  } finally {
    open();
  }
}

/** The workspaces of those that stand still come first, and each goes on as soon as its own is read. */
async function addWorkspaces(
  archive: ArchiveWriter,
  sessions: Snapshot['sessions'],
  paused: readonly string[],
  { workspaces, containers, signal, onProgress }: BackupOptions,
): Promise<number> {
  const existing = new Set(await workspaces.list());
  const all = sessions.filter(({ id }) => existing.has(id));
  const sorted = [...all.filter(({ id }) => paused.includes(id)), ...all.filter(({ id }) => !paused.includes(id))];
  for (const [at, session] of sorted.entries()) {
    const { id } = session;
    const limit = settingsOf(session).workspaceBytes * mostOfLimit;
    await workspaces.read(id, async (tar) => {
      const say = (bytes: number) => onProgress(`Workspace ${at + 1} of ${sorted.length}: ${formatBytes(bytes)}`);
      await archive.addWorkspace(id, limit, counting(tar, signal, say));
    });
    if (paused.includes(id)) await containers.resume(id);
  }
  return sorted.length;
}

async function addFiles(archive: ArchiveWriter, { home, signal, onProgress }: BackupOptions): Promise<number> {
  const folder = filesOf(home);
  let count = 0;
  if (!existsSync(folder)) return count;
  for await (const entry of await opendir(folder, { recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    // Its execution may be deleted meanwhile.
    if (!existsSync(path)) continue;
    count += 1;
    onProgress(`Files: ${count}`);
    await addFile(archive, `${filesPrefix}${relative(folder, path).split(sep).join('/')}`, path, signal);
  }
  return count;
}

/** What is appended to a file meanwhile is left out. */
async function addFile(archive: ArchiveWriter, name: string, path: string, signal: AbortSignal): Promise<void> {
  const { size } = await stat(path);
  await archive.add(name, size, readFile(path, size, signal));
}

async function* readFile(path: string, size: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (size === 0) return;
  for await (const chunk of createReadStream(path, { end: size - 1 })) {
    signal.throwIfAborted();
    yield chunk;
  }
}

async function* counting(source: AsyncIterable<Uint8Array>, signal: AbortSignal, say: (bytes: number) => void) {
  let bytes = 0;
  for await (const chunk of source) {
    signal.throwIfAborted();
    bytes += chunk.length;
    say(bytes);
    yield chunk;
  }
}
