import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { fromJson } from '../store/json.ts';
import type { Workspaces } from './workspaces.ts';

/*
 * A restore puts store and files into a folder of the home first, and moves them into place at its end:
 *
 *   <home>/restore/journal.json     what is to happen; written before anything is changed
 *   <home>/restore/airlock.db       the store, ready to be opened
 *   <home>/restore/files/           files of executions
 *   <home>/restore/ready            all of it is there: from now on the restore is finished, not undone
 *   <home>/restore/cleared          what was in the home is aside
 *   <home>/replaced-<time>/         that
 *
 * K4. Until everything of a backup is there, the store of the home stays as it was; a restore stopped before is undone.
 * K5. A restore stopped after that is finished by whoever comes next; at no moment is there half a store in the home.
 */

const journalSchema = z.object({
  /** Sessions whose workspace is made. */
  sessions: z.array(z.string()),
  /** Name of the folder in the home for what is there now. */
  aside: z.string().regex(/^replaced-[\w-]+$/),
});
export type Journal = z.infer<typeof journalSchema>;

const stored = ['files', 'airlock.db'];
/** What a restore replaces; the log of a store goes before the store itself. */
const replaced = ['files', 'airlock.db-wal', 'airlock.db-shm', 'airlock.db'];

const stagingOf = (home: string) => join(home, 'restore');
const journalOf = (home: string) => join(stagingOf(home), 'journal.json');
const readyOf = (home: string) => join(stagingOf(home), 'ready');
const clearedOf = (home: string) => join(stagingOf(home), 'cleared');

export interface Staging {
  readonly storePath: string;
  readonly filesFolder: string;
  /** The folder for what was there, made when first asked for. */
  aside(): string;
  /** Everything is there: moves it into place. Returns the folder with what was there before, if anything was. */
  finish(): string | undefined;
}

export function beginStaging(home: string, journal: Journal): Staging {
  mkdirSync(stagingOf(home), { mode: 0o700 });
  writeFileSync(journalOf(home), JSON.stringify(journal), { flush: true });
  return {
    storePath: join(stagingOf(home), 'airlock.db'),
    filesFolder: join(stagingOf(home), 'files'),
    aside: () => makeAside(home, journal),
    finish() {
      writeFileSync(readyOf(home), '', { flush: true });
      finishRestore(home);
      const aside = join(home, journal.aside);
      return existsSync(aside) ? aside : undefined;
    },
  };
}

/** Finishes a restore that was stopped after everything was there. Only who owns the home may call it. */
export function finishRestore(home: string): void {
  if (existsSync(readyOf(home))) {
    const journal = readJournal(home);
    for (const name of replaced) {
      const path = join(home, name);
      if (existsSync(path)) renameSync(path, join(makeAside(home, journal), name));
    }
    renameSync(readyOf(home), clearedOf(home));
  }
  if (!existsSync(clearedOf(home))) return;
  for (const name of stored) {
    const path = join(stagingOf(home), name);
    if (existsSync(path)) renameSync(path, join(home, name));
  }
  rmSync(stagingOf(home), { recursive: true, force: true });
}

/**
 * Undoes a restore that was stopped before everything was there: workspaces it made for sessions that are not in the
 * store go. Only who owns the home may call it, with the sessions of the store there, if they can be told.
 */
export async function undoRestore(
  home: string,
  known: ReadonlySet<string> | undefined,
  workspaces: Pick<Workspaces, 'remove'>,
): Promise<void> {
  if (!existsSync(stagingOf(home))) return;
  if (known && existsSync(journalOf(home))) {
    for (const session of readJournal(home).sessions) if (!known.has(session)) await workspaces.remove(session);
  }
  rmSync(stagingOf(home), { recursive: true, force: true });
}

function readJournal(home: string): Journal {
  return fromJson(journalSchema, readFileSync(journalOf(home), 'utf8'), journalOf(home));
}

function makeAside(home: string, { aside }: Journal): string {
  const path = join(home, aside);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}
