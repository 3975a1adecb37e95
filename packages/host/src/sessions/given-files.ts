import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AirlockError, type ErrorCode } from '@airlock/protocol/errors';
import { sizeInWords } from '@airlock/protocol/files/file';
import { pack } from 'tar-stream';
import type { ExecutionFiles } from '../files/execution-files.ts';
import type { Log } from '../log/log.ts';
import type { Placement } from '../placement/placement.ts';
import type { Repositories } from '../repositories/repositories.ts';
import { statement } from '../store/statement.ts';
import type { Store } from '../store/store.ts';
import type { Workspaces } from '../workspaces/workspaces.ts';
import { findSession, type SessionRow, settingsOf } from './session-row.ts';

/** What no other try to bring files would change. */
export const unbringable = new Set<ErrorCode>([
  'workspace_full',
  'container_failed',
  'repository_unusable',
  'secret_unusable',
]);

interface GivenFilesOptions {
  readonly store: Store;
  readonly log: Log;
  readonly placement: Placement;
  readonly files: ExecutionFiles;
  readonly clock: () => Date;
  readonly workspaces: Pick<Workspaces, 'begin'>;
  readonly repositories: Pick<Repositories, 'bring'>;
  /** Something happens on the way, which takes a while. */
  readonly onProgress: (session: string) => void;
}

interface ToBring {
  readonly container: string | null;
  readonly execution: string;
  readonly files_taken: number;
  /** A file given to the execution; null when there is none but the session's own. */
  readonly n: number | null;
}

/** A session, once for each file given to its execution that is not in its workspace yet. */
const filesToBring = statement<{ id: string }, ToBring>((db, param) =>
  db
    .selectFrom('sessions')
    .leftJoin('files', (join) =>
      join
        .onRef('files.execution', '=', 'sessions.execution')
        .onRef('files.n', '>', 'sessions.files_taken')
        .on('files.place', '=', 'in'),
    )
    .select(['sessions.container', 'sessions.execution', 'sessions.files_taken', 'files.n'])
    .where('sessions.id', '=', param('id'))
    .orderBy('files.n'),
);

/** A file that lies in the workspace from now on. */
interface Given {
  /** In the workspace. */
  readonly path: string;
  readonly size: number;
  readonly at: Date;
  readonly read: () => Readable;
}

/** How often one is tried whose container breaks it off. */
const mostTries = 5;
/** Names said of many files. */
const mostNamed = 5;

/**
 * Brings the repository and the files of a session, and those people gave its execution into `in`, into its workspace;
 * what is there already stays.
 */
export function createGivenFiles(options: GivenFilesOptions) {
  const { store, log, placement, files, clock, workspaces, repositories, onProgress } = options;
  const tries = new Map<string, number>();
  /** Sessions whose workspaces are known as they were at the start. */
  const begun = new Set<string>();

  /** The texts its service gave the session. */
  async function own(id: string): Promise<Given[]> {
    const row = await findSession(store, id);
    return Object.entries(row ? (settingsOf(row).files ?? {}) : {}).map(([path, text]) => {
      const bytes = Buffer.from(text);
      return { path, size: bytes.length, at: clock(), read: () => Readable.from([bytes]) };
    });
  }

  async function given(execution: string, numbers: readonly number[]): Promise<Given[]> {
    const rows = await store.db
      .selectFrom('files')
      .selectAll()
      .where('execution', '=', execution)
      .where('n', 'in', numbers)
      .orderBy('n')
      .execute();
    return rows.map(({ place, path, size, at }) => ({
      path: `in/${path}`,
      size,
      at: new Date(at),
      read: () => files.read({ execution, place, path }),
    }));
  }

  async function bring(execution: string, container: string, all: readonly Given[]): Promise<void> {
    await store.write((tx) => log.append(tx, execution, [{ kind: 'debug', payload: { text: inWords(all) } }]));
    await placement.unpack(container, tarOf(all));
  }

  /** Resolves when they are there. Rejects with `container_lost` when it is worth trying again in the next wire. */
  return async function bringGivenFiles(id: string, signal: AbortSignal): Promise<void> {
    const session = begun.has(id) ? undefined : await findSession(store, id);
    const hasRepository = session !== undefined && (await bringRepository(session, signal));
    const rows = await store.run(filesToBring, { id });
    await bringRows(id, rows);
    if (!session) return;
    const isGiven = settingsOf(session).files !== undefined || rows.some(({ n }) => n !== null);
    const isEmpty = session.files_taken === 0 && !isGiven && !hasRepository;
    const known = workspaces.begin(id, isEmpty);
    begun.add(id);
    // There is nothing to look at, and whoever looks later waits for it.
    if (!isEmpty) await known;
  };

  /** Resolves with whether the session has one. */
  async function bringRepository(row: SessionRow, signal: AbortSignal): Promise<boolean> {
    const { id, execution, container } = row;
    const { repository, workspaceBytes } = settingsOf(row);
    if (repository === undefined || container === null) return false;
    await repositories.bring({ id, execution, container, repository, workspaceBytes }, signal, () => onProgress(id));
    return true;
  }

  async function bringRows(id: string, rows: readonly ToBring[]): Promise<void> {
    const last = rows.at(-1);
    if (!last?.container || (last.n === null && last.files_taken >= 0)) return;
    const { execution, container, files_taken: taken } = last;
    const numbers = rows.flatMap(({ n }) => (n === null ? [] : [n]));
    try {
      const all = [...(taken < 0 ? await own(id) : []), ...(await given(execution, numbers))];
      if (all.length > 0) await bring(execution, container, all);
    } catch (error) {
      const problem = AirlockError.from(error, 'container_failed');
      const count = (tries.get(id) ?? 0) + 1;
      tries.set(id, count);
      if (problem.code !== 'container_lost' || count < mostTries) throw problem;
      throw new AirlockError('container_failed', problem.detail, { cause: problem });
    }
    tries.delete(id);
    await store.write((tx) =>
      tx.db
        .updateTable('sessions')
        .set({ files_taken: last.n ?? 0 })
        .where('id', '=', id)
        .execute(),
    );
  }
}

function inWords(all: readonly Given[]): string {
  const names = all.slice(0, mostNamed).map(({ path, size }) => `${path} (${sizeInWords(size)})`);
  const more = all.length > mostNamed ? ` and ${all.length - mostNamed} more` : '';
  return `Bringing files into the workspace: ${names.join(', ')}${more}`;
}

/** A tar of the files, each read when its turn comes. */
function tarOf(all: readonly Given[]): Readable {
  const tar = pack();
  async function fill(): Promise<void> {
    for (const { path: name, size, at: mtime, read } of all) {
      await pipeline(read(), tar.entry({ name, size, mode: 0o644, mtime }));
    }
    tar.finalize();
  }
  fill().catch((error: Error) => tar.destroy(error));
  return Readable.from(tar, { objectMode: false });
}
