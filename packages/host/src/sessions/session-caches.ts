import type { Caches } from '../caches/caches.ts';
import type { Log } from '../log/log.ts';
import type { Store } from '../store/store.ts';
import type { LinkDeps } from './link.ts';
import { type SessionRow, sessionId, settingsOf } from './session-row.ts';

interface SessionCachesOptions {
  readonly store: Store;
  readonly log: Log;
  readonly caches: Pick<Caches, 'use'>;
  readonly logger: LinkDeps['log'];
}

/** Gives a session that is to have a container the caches of its service. */
export interface SessionCaches {
  /** People are told when it has to wait for one. */
  readonly withCaches: LinkDeps['withCaches'];
  /** Whether a session waits for one now. */
  readonly isFilling: (session: string) => boolean;
}

export function createSessionCaches({ store, log, caches, logger }: SessionCachesOptions): SessionCaches {
  const filling = new Set<string>();

  async function sayFilling(row: SessionRow, name: string): Promise<void> {
    const payload = { session: sessionId(row), state: 'starting', detail: `Filling the cache ${name}` } as const;
    await store
      .write(async (tx) => void (await log.append(tx, row.execution, [{ kind: 'session', payload }])))
      .catch((error: unknown) => logger.warn({ session: row.id, error }, 'Not written down that a cache is filled'));
  }

  const withCaches: SessionCaches['withCaches'] = async (row, signal, work) => {
    const wanted = settingsOf(row).caches ?? [];
    if (wanted.length === 0) return await work([]);
    const { service } = await store.db
      .selectFrom('executions')
      .select('service')
      .where('id', '=', row.execution)
      .executeTakeFirstOrThrow();
    const waiting = {
      service,
      caches: wanted,
      image: row.digest ?? row.image,
      signal,
      async onFilling(name: string) {
        filling.add(row.id);
        await sayFilling(row, name);
      },
    };
    try {
      return await caches.use(waiting, work);
    } finally {
      filling.delete(row.id);
    }
  };

  return { withCaches, isFilling: (session) => filling.has(session) };
}
