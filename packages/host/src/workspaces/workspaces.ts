import { Readable } from 'node:stream';
import { AirlockError } from '@airlock/protocol/errors';
import type { Workspace, WorkspaceChanges, WorkspaceMoment } from '@airlock/protocol/files/workspace';
import { describeChanges, patchText } from './diffs.ts';
import { changesBetween, type Entry } from './manifest.ts';
import { createMoments, type MomentKeeper, type MomentOptions, type Moments, type SessionOf } from './moments.ts';
import { pathOf, shownPath } from './names.ts';
import { folderView } from './view.ts';

/** A session of an execution by id or name; its first when none is named. */
interface Whose {
  readonly execution: string;
  readonly session?: string | undefined;
}

interface Page {
  readonly limit: number;
  readonly cursor: number;
}

interface Span {
  readonly from: WorkspaceMoment;
  readonly to: WorkspaceMoment;
}

/** Bytes of a file, from `start` to `end` inclusive. */
interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A file of a workspace. */
export interface WorkspaceFile {
  /** As people read it. */
  readonly path: string;
  readonly size: number;
  /** Changes with its bytes. */
  readonly tag: string;
  read(range?: ByteRange): Readable;
}

/** What sessions have in their workspaces, now and after each turn, also of those that have no container any more. */
export interface Workspaces extends Omit<MomentKeeper, 'use' | 'sessionsOf'> {
  folder(whose: Whose, what: { at: WorkspaceMoment; folder: string } & Page): Promise<Workspace>;
  /** Throws `not_found`, also when its bytes of then are not kept. */
  file(whose: Whose, what: { at: WorkspaceMoment; address: string }): Promise<WorkspaceFile>;
  changes(whose: Whose, what: Span & Page & { path?: string | undefined; diffs: boolean }): Promise<WorkspaceChanges>;
  /** For `git apply`. */
  patch(whose: Whose, span: Span): Promise<string>;
  /** Every plain file there is now, one after another. */
  files(whose: Whose): Promise<AsyncGenerator<WorkspaceFile & { readonly mtime: Date }>>;
}

export function createWorkspaces(options: MomentOptions): Workspaces {
  const { rooms } = options;
  const moments = createMoments(options);
  const { begin, touch, turnEnded, idle } = moments;

  async function find<T>(
    { execution, session }: Whose,
    work: (of: Moments, row: SessionOf, rows: SessionOf[]) => Promise<T>,
  ): Promise<T> {
    const rows = await moments.sessionsOf(execution);
    const row = session === undefined ? rows[0] : rows.find(({ id, name }) => id === session || name === session);
    if (!row) throw new AirlockError('not_found', 'The execution has no such session');
    return await moments.use(row, (of) => work(of, row, rows));
  }

  async function changesIn({ at }: Moments, { from, to }: Span) {
    const [before, after] = [await at(from), await at(to)];
    return { changes: changesBetween(before, after), isCut: before.isCut || after.isCut };
  }

  /** Bytes of one file as they are now. */
  async function* readNow(row: SessionOf, { path, size }: Entry, range: ByteRange): AsyncGenerator<Uint8Array> {
    let at = 0;
    for await (const entry of rooms.read(row, [path])) {
      if (entry.type !== 'file' || entry.size !== size) break;
      for await (const chunk of entry.bytes) {
        const part = chunk.subarray(Math.max(0, range.start - at), Math.max(0, range.end + 1 - at));
        at += chunk.length;
        if (part.length > 0) yield part;
        if (at > range.end) return;
      }
    }
    throw new AirlockError('not_found', 'The file has changed meanwhile');
  }

  function toFile({ archive }: Moments, row: SessionOf, entry: Entry): WorkspaceFile {
    const { path, size, stamp, kept } = entry;
    return {
      path: shownPath(path),
      size,
      tag: kept?.hash ?? Buffer.from(stamp).toString('base64url'),
      read(range = { start: 0, end: size - 1 }) {
        if (size === 0) return Readable.from([]);
        if (kept) return archive.read({ kept, size }, range);
        return Readable.from(readNow(row, entry, range), { objectMode: false });
      },
    };
  }

  return {
    begin,
    touch,
    turnEnded,
    idle,

    folder: (whose, { at, folder, limit, cursor }) =>
      find(whose, async (of, row, rows) => {
        const [now, start] = [await of.at(at), await of.at('start')];
        const { turns } = await of.archive.index();
        const all = folderView(now, start, pathOf(folder));
        return {
          session: nameOf(row),
          sessions: rows.map(nameOf),
          turns: turns.map(({ at: ended, changes }, n) => ({ turn: n + 1, at: ended, changes })),
          isCut: now.isCut,
          items: all.slice(cursor, cursor + limit),
          next: nextOf(all.length, { limit, cursor }),
        };
      }),

    file: (whose, { at, address }) =>
      find(whose, async (of, row) => {
        const path = pathOf(address);
        const entry = (await of.at(at)).entries.find((each) => each.path === path);
        const named = JSON.stringify(shownPath(path));
        if (!entry) throw new AirlockError('not_found', `There is no file ${named} in the workspace`);
        if (entry.kind !== 'file') throw new AirlockError('not_found', `${named} is no plain file`);
        const isThere = at === 'now' || entry.kept !== null;
        if (!isThere) throw new AirlockError('not_found', `What was in ${named} then is not kept`);
        return toFile(of, row, entry);
      }),

    changes: (whose, { from, to, path, diffs, limit, cursor }) =>
      find(whose, async (of) => {
        const { changes, isCut } = await changesIn(of, { from, to });
        const wanted = path === undefined ? undefined : pathOf(path);
        const all = wanted === undefined ? changes : changes.filter((each) => each.path === wanted);
        const items = await describeChanges(of.archive, all.slice(cursor, cursor + limit), diffs);
        return { total: changes.length, isCut, items, next: nextOf(all.length, { limit, cursor }) };
      }),

    patch: (whose, span) =>
      find(whose, async (of) => {
        const { changes, isCut } = await changesIn(of, span);
        return await patchText(of.archive, changes, isCut);
      }),

    files: (whose) =>
      find(whose, async (of, row) => {
        const { entries } = await of.at('now');
        const plain = new Map(entries.filter(({ kind }) => kind === 'file').map((entry) => [entry.path, entry]));
        return (async function* () {
          if (plain.size === 0) return;
          for await (const { name, type, size, bytes } of rooms.read(row, [...plain.keys()])) {
            const entry = plain.get(name.replace(/^\.\//, ''));
            if (!entry || type !== 'file') continue;
            const read = () => Readable.from(bytes, { objectMode: false });
            yield { ...toFile(of, row, entry), size, read, mtime: new Date(entry.mtime) };
          }
        })();
      }),
  };
}

const nameOf = ({ id, name }: SessionOf) => ({ id, name });

function nextOf(length: number, { limit, cursor }: Page): string | null {
  return length > cursor + limit ? String(cursor + limit) : null;
}
