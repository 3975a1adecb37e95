import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { AirlockError } from '@airlock/protocol/errors';
import { sizeInWords } from '@airlock/protocol/files/file';
import { safePath } from '@airlock/protocol/files/names';
import type { ExecutionFiles, Placed } from '../files/execution-files.ts';
import { readTar } from '../files/tar-entries.ts';
import type { Log } from '../log/log.ts';
import type { Placement } from '../placement/placement.ts';
import type { Store } from '../store/store.ts';
import { leftOutBy, leftOutWords } from './left-out.ts';
import { findSession, type SessionRow, settingsOf } from './session-row.ts';

/** Keeps what sessions put into `out` of their workspace, where people find it. */
export interface MadeFiles {
  /** A session that has just been made: there is nothing yet. */
  begin(session: string, execution: string): void;
  /** A tool has run: there may be something new. */
  touch(session: string, execution: string): void;
  /** Keeps what is new of a container that runs. Never rejects; one after another. */
  collect(session: string): Promise<void>;
  /** Keeps what is new of a container that has ended, before it is removed. Never rejects. */
  collectLast(session: string, container: string): Promise<void>;
  /** The session is ending: there may be more once its container has ended. */
  expectLast(session: string): void;
  forget(session: string): void;
  /** Resolves when what is on its way from an execution's sessions is kept, or after 10 s. */
  settled(execution: string): Promise<void>;
}

interface MadeFilesOptions {
  readonly store: Store;
  readonly log: Log;
  readonly placement: Placement;
  readonly files: ExecutionFiles;
  readonly logger: { warn(fields: object, text: string): void };
}

const folder = 'out';
/** Most files of a session that are kept. */
const mostFiles = 10_000;

/** What is known of a session's files. Of one that was another host's, that there may be some. */
interface Known {
  execution: string | undefined;
  /** When they were last kept, or people told that they are not. */
  readonly stamps: Map<string, string>;
  /** Whether a tool may have run since. */
  isTouched: boolean;
  /** Whether a tool may have run at any time. */
  mayHaveMade: boolean;
  working: Promise<void>;
  /** Resolved when nothing more is to come. */
  last: PromiseWithResolvers<void> | undefined;
}

const patienceMs = 10_000;

export function createMadeFiles({ store, log, placement, files, logger }: MadeFilesOptions): MadeFiles {
  const sessions = new Map<string, Known>();

  function known(id: string): Known {
    const found = sessions.get(id);
    if (found) return found;
    const made: Known = {
      execution: undefined,
      stamps: new Map<string, string>(),
      isTouched: true,
      mayHaveMade: true,
      working: Promise.resolve(),
      last: undefined,
    };
    sessions.set(id, made);
    return made;
  }

  /** One piece of work after another; a failure is said to the person whose files these are. */
  function queue(id: string, work: (row: SessionRow) => Promise<void>): Promise<void> {
    const session = known(id);
    async function next(): Promise<void> {
      const row = await findSession(store, id);
      if (!row) return;
      session.execution = row.execution;
      await work(row).catch((error: unknown) => sayFailure(row, error));
    }
    session.working = session.working.then(next).catch((error: unknown) => {
      logger.warn({ session: id, error }, 'Files of a session were not looked for');
    });
    return session.working;
  }

  async function sayFailure({ id, execution }: SessionRow, error: unknown): Promise<void> {
    logger.warn({ session: id, error }, 'Files of a session could not be kept');
    const text = `Files in ${folder} could not be kept: ${AirlockError.from(error).detail}`;
    await store.write((tx) => log.append(tx, execution, [{ kind: 'debug', payload: { text } }])).catch(() => undefined);
  }

  async function sayLeftOut(row: SessionRow, paths: readonly string[]): Promise<void> {
    if (paths.length === 0) return;
    const named = paths.map((path) => `${folder}/${path}`);
    const text = leftOutWords(named, settingsOf(row).outExclude ?? []);
    await store
      .write((tx) => log.append(tx, row.execution, [{ kind: 'debug', payload: { text } }]))
      .catch(() => undefined);
  }

  /** Puts a file in its place, unless one it was before is a folder now, or the other way round. */
  async function placeOne(
    execution: string,
    path: string,
    bytes: AsyncIterable<Uint8Array>,
  ): Promise<Placed | undefined> {
    try {
      return await files.place({ execution, place: folder, path }, bytes);
    } catch (error) {
      if (!(error instanceof AirlockError) || error.code !== 'file_taken') throw error;
      logger.warn({ execution, path, error }, 'A file of a session has no place');
      return undefined;
    }
  }

  /** Keeps the plain files of a tar whose names, less `prefix`, are below the folder. */
  async function keep(row: SessionRow, tar: Readable, prefix: string): Promise<void> {
    const { execution } = row;
    const { stamps } = known(row.id);
    const { outExclude = [], workspaceBytes: most } = settingsOf(row);
    const isLeftOut = leftOutBy(outExclude);
    const before = new Map((await files.list(execution, folder)).map(({ path, sha256 }) => [path, sha256]));
    const placed: Placed[] = [];
    const leftOut: string[] = [];
    let bytes = 0;
    try {
      for await (const entry of readTar(tar)) {
        if (entry.type !== 'file' && entry.type !== 'contiguous-file') continue;
        const path = safePath(entry.name.slice(prefix.length));
        if (isLeftOut(path)) {
          if (!stamps.has(path) && leftOut.length < mostFiles) leftOut.push(path);
          continue;
        }
        bytes += entry.size;
        if (bytes > most) throw new AirlockError('too_large', `They have more than ${sizeInWords(most)}`);
        if (placed.length >= mostFiles) throw new AirlockError('too_large', `They are more than ${mostFiles}`);
        const file = await placeOne(execution, path, entry.bytes);
        if (file && before.get(path) !== file.sha256) placed.push(file);
      }
    } finally {
      // What is in its place is named, whatever became of the rest: rows and bytes agree.
      await sayLeftOut(row, leftOut);
      if (placed.length > 0) await store.write((tx) => files.record(tx, execution, folder, placed, null));
    }
  }

  async function collectNew(row: SessionRow): Promise<void> {
    const { id, container } = row;
    const { stamps } = known(id);
    if (container === null) return;
    const found = await placement.findFiles(container, folder);
    const isLeftOut = leftOutBy(settingsOf(row).outExclude ?? []);
    const changed = found.filter(({ path, stamp }) => stamps.get(path) !== stamp);
    const { leftOut = [], fresh = [] } = Object.groupBy(changed, ({ path }) => (isLeftOut(path) ? 'leftOut' : 'fresh'));
    await sayLeftOut(
      row,
      leftOut.map(({ path }) => path),
    );
    for (const { path, stamp } of leftOut) stamps.set(path, stamp);
    if (fresh.length === 0) return;
    const tar = await placement.pack(
      container,
      folder,
      fresh.map(({ path }) => path),
    );
    if (tar) await keep(row, tar, './');
    for (const { path, stamp } of fresh) stamps.set(path, stamp);
  }

  return {
    begin(id, execution) {
      const session = known(id);
      session.execution = execution;
      session.isTouched = false;
      session.mayHaveMade = false;
    },

    touch(id, execution) {
      const session = known(id);
      session.execution = execution;
      session.isTouched = true;
      session.mayHaveMade = true;
    },

    async collect(id) {
      const session = known(id);
      if (!session.isTouched) return await session.working;
      session.isTouched = false;
      await queue(id, collectNew);
    },

    async collectLast(id, container) {
      if (!known(id).mayHaveMade) return;
      await queue(id, async (row) => {
        const tar = await placement.pack(container, folder);
        if (tar) await keep(row, tar, `${folder}/`);
      });
    },

    expectLast(id) {
      const session = known(id);
      if (session.mayHaveMade) session.last ??= Promise.withResolvers();
    },

    forget(id) {
      sessions.get(id)?.last?.resolve();
      sessions.delete(id);
    },

    async settled(execution) {
      const own = [...sessions.values()].filter((session) => session.execution === execution);
      const all = Promise.all(own.flatMap(({ working, last }) => [working, last?.promise]));
      const enough = new AbortController();
      const late = delay(patienceMs, undefined, { signal: enough.signal }).catch(() => undefined);
      await Promise.race([all, late]);
      enough.abort();
    },
  };
}
