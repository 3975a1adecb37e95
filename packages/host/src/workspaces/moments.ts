import { join } from 'node:path';
import { AirlockError } from '@airlock/protocol/errors';
import type { WorkspaceMoment } from '@airlock/protocol/files/workspace';
import type { Placement } from '../placement/placement.ts';
import type { Store } from '../store/store.ts';
import { type Index, WorkspaceArchive } from './archive.ts';
import type { Manifest } from './manifest.ts';
import type { Rooms } from './rooms.ts';
import { takeMoment } from './take.ts';

/*
 * Moments of the workspaces of sessions.
 *
 * W22. The start is looked at before the first prompt goes to the runner, and once.
 * W23. Looking at a workspace, or failing to, changes nothing about the turn: it is begun once the turn has ended.
 */

export interface SessionOf {
  readonly id: string;
  readonly name: string;
  readonly execution: string;
  readonly container: string | null;
  readonly state: string;
}

/** What is known of one session's workspace. */
export interface Moments {
  readonly archive: WorkspaceArchive;
  at(moment: WorkspaceMoment): Promise<Manifest>;
}

export interface MomentKeeper {
  /** Looks at what is there before the first prompt; `isEmpty` says that it is nothing. Never rejects. */
  begin(session: string, isEmpty: boolean): Promise<void>;
  /** A tool has run: there may be something new. */
  touch(session: string): void;
  /** A turn has ended: keeps what it changed. Never rejects; one after another. */
  turnEnded(session: string): Promise<void>;
  /** Resolves when nothing is being looked at. */
  idle(): Promise<void>;
  /** Works with the moments of a session. */
  use<T>(row: SessionOf, work: (moments: Moments) => Promise<T>): Promise<T>;
  sessionsOf(execution: string): Promise<SessionOf[]>;
}

export interface MomentOptions {
  readonly store: Store;
  readonly placement: Placement;
  /** Folder of an execution in the home. */
  readonly folderOf: (execution: string) => string;
  readonly clock: () => Date;
  readonly logger: { warn(fields: object, text: string): void };
  readonly rooms: Rooms;
}

interface Known {
  readonly archive: WorkspaceArchive;
  /** How many work with it. */
  users: number;
  working: Promise<unknown>;
  /** Whether a tool may have run since the last turn. */
  isTouched: boolean;
  /** When it was last looked at, in milliseconds of this process. */
  lookedAt: number;
}

/** What was found stays the answer to `now` so long. */
const freshMs = 2_000;
const columns = ['id', 'name', 'execution', 'container', 'state'] as const;

export function createMoments(options: MomentOptions): MomentKeeper {
  const { store, placement, logger, clock, rooms } = options;
  const sessions = new Map<string, Known>();

  function known({ id, execution }: SessionOf): Known {
    const found = sessions.get(id);
    if (found) return found;
    const archive = new WorkspaceArchive(join(options.folderOf(execution), 'workspace', id));
    const working = Promise.resolve();
    const made = { archive, users: 0, working, isTouched: true, lookedAt: Number.NEGATIVE_INFINITY };
    sessions.set(id, made);
    return made;
  }

  /** Keeps what is known of a session in memory meanwhile, and longer while it is not over. */
  async function using<T>(row: SessionOf, work: (of: Known) => Promise<T>): Promise<T> {
    const of = known(row);
    of.users += 1;
    try {
      return await work(of);
    } finally {
      of.users -= 1;
      if (of.users === 0 && isOver(row)) sessions.delete(row.id);
    }
  }

  /** One look after another. */
  function queue<T>(of: Known, work: () => Promise<T>): Promise<T> {
    const done = of.working.then(work);
    of.working = done.catch(() => undefined);
    return done;
  }

  async function sessionsOf(execution: string): Promise<SessionOf[]> {
    const query = store.db.selectFrom('sessions').select(columns).where('execution', '=', execution);
    return await query.orderBy('id').execute();
  }

  async function rowOf(session: string): Promise<SessionOf | undefined> {
    return await store.db.selectFrom('sessions').select(columns).where('id', '=', session).executeTakeFirst();
  }

  type Note = (index: Index, manifest: number, changes: number) => Index;

  async function take(row: SessionOf, { archive }: Known, note: Note): Promise<void> {
    await rooms.inside(row, (container) => takeMoment({ archive, placement, container, note }));
  }

  /** Looks at the workspace unless that was done a moment ago. */
  async function look(row: SessionOf, of: Known): Promise<void> {
    await queue(of, async () => {
      if (performance.now() - of.lookedAt < freshMs) return;
      await take(row, of, (index) => index);
      of.lookedAt = performance.now();
    });
  }

  async function manifestAt(row: SessionOf, of: Known, moment: WorkspaceMoment): Promise<Manifest> {
    if (moment === 'now') await look(row, of);
    const { newest, start, turns } = await of.archive.index();
    const n = moment === 'now' ? newest : moment === 'start' ? (start ?? 0) : turns[moment - 1]?.manifest;
    if (n === undefined) throw new AirlockError('not_found', `There is no turn ${moment}, or it has not ended`);
    if (n === null) throw new AirlockError('not_found', `The workspace could not be looked at after turn ${moment}`);
    return await of.archive.manifest(n);
  }

  async function takeTurn(row: SessionOf, of: Known): Promise<void> {
    const at = clock().toISOString();
    const add = (index: Index, manifest: number | null, changes = 0) => ({
      ...index,
      turns: [...index.turns, { manifest, at, changes }],
    });
    const wasTouched = of.isTouched;
    of.isTouched = false;
    if (!wasTouched) return await of.archive.commit(undefined, (index) => add(index, index.newest));
    try {
      await take(row, of, add);
      of.lookedAt = performance.now();
    } catch (error) {
      of.isTouched = true;
      // Of an execution that was deleted meanwhile nothing is kept.
      if (await rowOf(row.id)) await of.archive.commit(undefined, (index) => add(index, null));
      throw error;
    }
  }

  async function takeStart(row: SessionOf, of: Known, isEmpty: boolean): Promise<void> {
    if ((await of.archive.index()).start !== null) return;
    const asEmpty = () => of.archive.commit(undefined, (index) => ({ ...index, start: 0 }));
    of.isTouched = false;
    if (isEmpty) return await asEmpty();
    try {
      await take(row, of, (index, manifest) => ({ ...index, start: manifest }));
    } catch (error) {
      await asEmpty();
      throw error;
    }
  }

  /** What somebody who asks meanwhile waits for, by session. */
  const begun = new Map<string, Promise<void>>();

  async function quietly(id: string, work: (row: SessionOf, of: Known) => Promise<void>): Promise<void> {
    async function next(): Promise<void> {
      const row = await rowOf(id);
      if (row) await using(row, (of) => queue(of, () => work(row, of)));
    }
    const done = (begun.get(id) ?? Promise.resolve()).then(next).catch((error: unknown) => {
      logger.warn({ session: id, error }, 'A workspace could not be looked at');
    });
    begun.set(id, done);
    await done;
    if (begun.get(id) === done) begun.delete(id);
  }

  return {
    begin: (id, isEmpty) => quietly(id, (row, of) => takeStart(row, of, isEmpty)),
    touch(id) {
      const of = sessions.get(id);
      if (of) of.isTouched = true;
    },
    turnEnded: (id) => quietly(id, takeTurn),
    async idle() {
      await Promise.all([...begun.values(), ...[...sessions.values()].map(({ working }) => working)]);
    },
    async use(row, work) {
      await begun.get(row.id);
      return await using(row, (of) => work({ archive: of.archive, at: (moment) => manifestAt(row, of, moment) }));
    },
    sessionsOf,
  };
}

const isOver = ({ state }: SessionOf) => state === 'ended' || state === 'lost';
