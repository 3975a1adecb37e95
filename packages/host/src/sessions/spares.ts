import { randomBytes } from 'node:crypto';
import type { WorkerImage } from '../placement/placement.ts';
import { newId } from '../store/ids.ts';
import type { SparesTable } from '../store/schema.ts';
import type { Store, Tx } from '../store/store.ts';

/*
 * Containers that are started before there is a session for them, with Claude ready in them.
 *
 * W11. A spare becomes the container of one session at most: it is taken in the write that opens the session.
 * W12. It is taken only by a session of its very kind, made from its very image.
 * W13. A spare has only room nobody waits for, and is the first to go when somebody does.
 * W14. A crash leaves a container nobody owns: the rows of a host that has ended go when it starts again.
 */

/** Spares of one installation, and of its host that runs. */
export interface Spares {
  /** Makes a row for one that is to be started; it cannot be taken before it has a container. */
  add(kind: string, image: WorkerImage): Promise<SparesTable>;
  /** Its container runs. False when it is not wanted any more. */
  started(id: string, container: string): Promise<boolean>;
  /** The oldest of a kind that can be taken; it is then the caller's. */
  take(tx: Tx, kind: string, image: WorkerImage): Promise<SparesTable | undefined>;
  /** Takes one out, so that nobody else can; undefined when somebody has. */
  drop(id: string): Promise<SparesTable | undefined>;
  /** Oldest first. */
  list(): Promise<SparesTable[]>;
  /** Forgets all of this installation. */
  clear(): Promise<void>;
}

interface SparesOptions {
  readonly store: Store;
  /** Names the installation. */
  readonly home: string;
  readonly clock: () => Date;
}

export function createSpares({ store, home, clock }: SparesOptions): Spares {
  return {
    async add(kind, { digest }) {
      const token = randomBytes(32).toString('base64url');
      const made_at = clock().toISOString();
      const row: SparesTable = { id: newId(), home, kind, digest, token, container: null, made_at };
      await store.write(async ({ db }) => void (await db.insertInto('spares').values(row).execute()));
      return row;
    },
    started: (id, container) =>
      store.write(async ({ db }) => {
        const [known] = await db
          .updateTable('spares')
          .set({ container })
          .where('id', '=', id)
          .returning('id')
          .execute();
        return known !== undefined;
      }),
    async take(tx, kind, { digest }) {
      const found = await tx.db
        .selectFrom('spares')
        .select('id')
        .where('home', '=', home)
        .where('kind', '=', kind)
        .where('digest', '=', digest)
        .where('container', 'is not', null)
        .orderBy('made_at')
        .limit(1)
        .executeTakeFirst();
      if (!found) return undefined;
      return await tx.db.deleteFrom('spares').where('id', '=', found.id).returningAll().executeTakeFirst();
    },
    drop: (id) =>
      store.write(({ db }) => db.deleteFrom('spares').where('id', '=', id).returningAll().executeTakeFirst()),
    list: () => store.db.selectFrom('spares').selectAll().where('home', '=', home).orderBy('made_at').execute(),
    clear: () => store.write(async ({ db }) => void (await db.deleteFrom('spares').where('home', '=', home).execute())),
  };
}
