import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AirlockError } from '@airlock/protocol/errors';
import { sizeInWords } from '@airlock/protocol/files/file';
import { pack } from 'tar-stream';
import type { ExecutionFiles, FileRow } from '../files/execution-files.ts';
import type { Log } from '../log/log.ts';
import type { Placement } from '../placement/placement.ts';
import { statement } from '../store/statement.ts';
import type { Store } from '../store/store.ts';

interface GivenFilesOptions {
  readonly store: Store;
  readonly log: Log;
  readonly placement: Placement;
  readonly files: ExecutionFiles;
}

/** Files given to the execution of a session that are not in its workspace yet. */
const filesToBring = statement<{ id: string }, FileRow & { readonly container: string | null }>((db, param) =>
  db
    .selectFrom('sessions')
    .innerJoin('files', 'files.execution', 'sessions.execution')
    .selectAll('files')
    .select('sessions.container')
    .where('sessions.id', '=', param('id'))
    .where('files.place', '=', 'in')
    .whereRef('files.n', '>', 'sessions.files_taken')
    .orderBy('files.n'),
);

/** How often one is tried whose container breaks it off. */
const mostTries = 5;
/** Names said of many files. */
const mostNamed = 5;

/** Brings the files people gave an execution into `in` of a session's workspace; those that are there already stay. */
export function createGivenFiles({ store, log, placement, files }: GivenFilesOptions) {
  const tries = new Map<string, number>();

  async function bring(execution: string, container: string, rows: readonly FileRow[]): Promise<void> {
    await store.write((tx) => log.append(tx, execution, [{ kind: 'debug', payload: { text: inWords(rows) } }]));
    const read = ({ place, path }: FileRow) => files.read({ execution, place, path });
    await placement.unpack(container, tarOf(rows, read));
  }

  /** Resolves when they are there. Rejects with `container_lost` when it is worth trying again in the next wire. */
  return async function bringGivenFiles(id: string): Promise<void> {
    const rows = await store.run(filesToBring, { id });
    const last = rows.at(-1);
    if (!last?.container) return;
    const { execution, container } = last;
    try {
      await bring(execution, container, rows);
    } catch (error) {
      const problem = AirlockError.from(error, 'container_failed');
      const count = (tries.get(id) ?? 0) + 1;
      tries.set(id, count);
      if (problem.code !== 'container_lost' || count < mostTries) throw problem;
      throw new AirlockError('container_failed', problem.detail, { cause: problem });
    }
    tries.delete(id);
    await store.write((tx) =>
      tx.db.updateTable('sessions').set({ files_taken: last.n }).where('id', '=', id).execute(),
    );
  };
}

function inWords(rows: readonly FileRow[]): string {
  const names = rows.slice(0, mostNamed).map(({ path, size }) => `in/${path} (${sizeInWords(size)})`);
  const more = rows.length > mostNamed ? ` and ${rows.length - mostNamed} more` : '';
  return `Bringing files into the workspace: ${names.join(', ')}${more}`;
}

/** A tar of the files, each read when its turn comes. */
function tarOf(rows: readonly FileRow[], read: (row: FileRow) => Readable): Readable {
  const tar = pack();
  async function fill(): Promise<void> {
    for (const row of rows) {
      const header = { name: `in/${row.path}`, size: row.size, mode: 0o644, mtime: new Date(row.at) };
      await pipeline(read(row), tar.entry(header));
    }
    tar.finalize();
  }
  fill().catch((error: Error) => tar.destroy(error));
  return Readable.from(tar, { objectMode: false });
}
