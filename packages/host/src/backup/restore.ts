import { createWriteStream, existsSync, mkdirSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress } from 'node:zlib';
import { AirlockError } from '@airlock/protocol/errors';
import { settingsOf } from '../sessions/session-row.ts';
import { detachSnapshot, readSnapshot, type Snapshot } from '../store/snapshot.ts';
import { readItems, unusable } from './archive-reader.ts';
import type { Containers } from './containers.ts';
import { own } from './leftovers.ts';
import { kindOf, type Manifest, type ManifestEntry, manifestName } from './manifest.ts';
import { formatBytes, type Progress } from './progress.ts';
import { beginStaging, finishRestore, type Staging, undoRestore } from './staging.ts';
import { compareEntry, type Verified, verifyBackup } from './verify.ts';
import type { Workspaces } from './workspaces.ts';

export interface RestoreOptions {
  /** No host may run on it until the restore is over. */
  readonly home: string;
  readonly file: string;
  /** Whether a store that is there may be moved aside. */
  readonly force: boolean;
  /** Asked for once the backup is known to be whole. */
  readonly engine: () => Promise<{ readonly containers: Containers; readonly workspaces: Workspaces }>;
  readonly clock: () => Date;
  readonly signal: AbortSignal;
  readonly onProgress: Progress;
}

export interface RestoreSummary {
  readonly file: string;
  /** When the backup was made, ISO 8601. */
  readonly createdAt: string;
  readonly executions: number;
  readonly workspaces: number;
  readonly files: number;
  /** Folder with what was in the home before; null when nothing was. */
  readonly replaced: string | null;
}

type Engine = Awaited<ReturnType<RestoreOptions['engine']>>;

/** Puts a backup into a home. Rejects before anything is changed when the backup is not whole or does not fit. */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreSummary> {
  const { home, file, force, signal, onProgress } = options;
  if (!existsSync(file)) throw unusable(`There is no file ${file}`);
  const letGo = own(home);
  try {
    finishRestore(home);
    if (existsSync(storeOf(home)) && !force) throw new AirlockError('home_taken', `${storeOf(home)} is there`);
    const verified = await verifyBackup(file, signal, (bytes) => onProgress(`Checking: ${formatBytes(bytes)}`));
    const replaced = await putInPlace(verified, options);
    const { createdAt, executions, entries } = verified.manifest;
    const files = entries.filter(({ name }) => kindOf(name)?.kind === 'file').length;
    return { file, createdAt, executions, workspaces: verified.sessions.length, files, replaced };
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    letGo();
  }
}

const storeOf = (home: string) => join(home, 'airlock.db');

async function putInPlace(verified: Verified, options: RestoreOptions): Promise<string | null> {
  const { home, clock } = options;
  const { sessions, manifest } = verified;
  const engine = await options.engine();
  const known = knownSessions(home);
  await undoRestore(home, known, engine.workspaces);
  await engine.workspaces.refuseTaken(sessions);
  await requireSpace(home, manifest);
  const aside = `replaced-${clock().toISOString().replace(/[:.]/g, '-')}`;
  const staging = beginStaging(home, { sessions: [...sessions], aside });
  try {
    await fill(verified, staging, engine, options);
  } catch (error) {
    await undoRestore(home, known, engine.workspaces);
    throw existsSync(join(home, aside)) ? withPlace(error, join(home, aside)) : error;
  }
  return staging.finish() ?? null;
}

/** Sessions of the store in the home; undefined when they cannot be told. */
function knownSessions(home: string): ReadonlySet<string> | undefined {
  if (!existsSync(storeOf(home))) return new Set();
  try {
    return new Set(readSnapshot(storeOf(home)).sessions.map(({ id }) => id));
  } catch {
    return undefined;
  }
}

function withPlace(thrown: unknown, aside: string): AirlockError {
  const { code, detail } = AirlockError.from(thrown, 'backup_failed');
  return new AirlockError(code, `${detail}. Workspaces that were in the way are in ${aside}`, { cause: thrown });
}

async function requireSpace(home: string, { entries }: Manifest): Promise<void> {
  const needed = entries
    .filter(({ name }) => kindOf(name)?.kind !== 'workspace')
    .reduce((sum, { size }) => sum + size, 0);
  const { bavail, bsize } = await statfs(home);
  if (needed <= bavail * bsize) return;
  throw new AirlockError(
    'disk_full',
    `${formatBytes(needed)} are needed at ${home}, ${formatBytes(bavail * bsize)} free`,
  );
}

/** Reads the backup once more and puts everything where it is needed; what differs from the manifest now is refused. */
async function fill({ manifest, sessions }: Verified, staging: Staging, engine: Engine, options: RestoreOptions) {
  const { file, signal, onProgress } = options;
  let at = 0;
  const check = (entry: ManifestEntry) => {
    if (entry.name !== manifestName) compareEntry(manifest.entries[at++], entry);
  };
  let limits: ReadonlyMap<string, number> = new Map();
  let count = 0;
  for await (const item of readItems(file, signal, check)) {
    switch (item.kind) {
      case 'store':
        onProgress('Store');
        await writeFile(staging.storePath, item.bytes);
        limits = prepareStore(staging.storePath, manifest, sessions);
        await moveAside(staging, engine, options);
        break;
      case 'workspace':
        count += 1;
        onProgress(`Workspace ${count} of ${sessions.length}`);
        await engine.workspaces.write(
          item.session,
          limits.get(item.session) ?? 0,
          Readable.from(item.bytes, { objectMode: false }),
        );
        break;
      case 'file':
        await writeFile(join(staging.filesFolder, item.path), item.bytes);
        break;
      case 'manifest':
        for await (const _ of item.bytes);
    }
  }
}

async function writeFile(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  await pipeline(bytes, createWriteStream(path, { mode: 0o600, flags: 'wx', flush: true }));
}

/** Makes a store fit to be opened here; returns the limits of its sessions' workspaces in bytes. */
function prepareStore(path: string, manifest: Manifest, sessions: readonly string[]): ReadonlyMap<string, number> {
  const snapshot = readStore(path);
  if (snapshot.level !== manifest.migration) throw unusable(`Its store is of ${snapshot.level}`);
  const limits = new Map(snapshot.sessions.map((session) => [session.id, settingsOf(session).workspaceBytes]));
  const stranger = sessions.find((session) => !limits.has(session));
  if (stranger !== undefined) throw unusable(`The session ${stranger} of a workspace is not in its store`);
  detachSnapshot(path);
  return limits;
}

function readStore(path: string): Snapshot {
  try {
    return readSnapshot(path);
  } catch (cause) {
    throw unusable(`Its store cannot be read: ${AirlockError.from(cause).detail}`);
  }
}

/** Takes away containers and workspaces of this installation; of workspaces a copy stays, with the store there was. */
async function moveAside(staging: Staging, { containers, workspaces }: Engine, options: RestoreOptions): Promise<void> {
  const { signal, onProgress } = options;
  await containers.removeAll();
  for (const session of await workspaces.list()) {
    onProgress(`Moving the workspace of session ${session} aside`);
    const folder = join(staging.aside(), 'workspaces');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, `${session}.tar.zst`);
    await workspaces.read(session, (tar) => {
      const target = createWriteStream(path, { mode: 0o600, flush: true });
      return pipeline(tar, createZstdCompress(), target, { signal });
    });
    await workspaces.remove(session);
  }
}
