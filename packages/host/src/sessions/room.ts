import { AirlockError } from '@airlock/protocol/errors';
import { sizeInWords } from '@airlock/protocol/files/file';
import type { SessionOptions } from '@airlock/protocol/service-channel';
import type { Log } from '../log/log.ts';
import type { Store } from '../store/store.ts';
import { type Admission, createAdmission, type Need, type Share } from './admission.ts';
import { type SessionRow, sessionId, settingsOf } from './session-row.ts';

/** Room for the containers of this host's sessions. */
export interface Room {
  /** Throws `session_too_large` when there could never be room for it. */
  check(options: SessionOptions): void;
  /** The session has a container. */
  hold(row: SessionRow): Promise<void>;
  /** Whether there was room left for a container nobody needs yet; it then has it. */
  holdSpare(row: SessionRow): boolean;
  /** Undefined when it has room for one; else `admitted` resolves when it has. People are told once that it waits. */
  enter(row: SessionRow): Promise<{ readonly admitted: Promise<void> } | undefined>;
  /** It has none any more, or is to have none. */
  leave(session: string): void;
  /** How many are before a session; undefined when it does not wait. */
  before(session: string): number | undefined;
  /** What is to be freed for those who wait; undefined when nobody waits. */
  lacking(): Need | undefined;
  readonly waitingFor: Admission['waitingFor'];
}

interface RoomOptions {
  readonly store: Store;
  readonly log: Log;
  readonly clock: () => Date;
  /** What all containers together may take. */
  readonly budget: Need;
}

export function createRoom({ store, log, clock, budget }: RoomOptions): Room {
  const admission = createAdmission(budget);

  async function ownerOf({ execution }: SessionRow): Promise<{ readonly user: string; readonly service: string }> {
    const of = store.db.selectFrom('executions').select(['user', 'service']).where('id', '=', execution);
    return (await of.executeTakeFirst()) ?? { user: '', service: '' };
  }

  function shareOf(row: SessionRow, service: string): Share | undefined {
    const { atOnce: most } = settingsOf(row);
    return most === undefined ? undefined : { service, most };
  }

  /** A restart keeps its place: since when it waits is on disk. */
  async function tellPlace(row: SessionRow, since: number): Promise<void> {
    const before = admission.before(row.id);
    if (row.queued_at !== null || before === undefined) return;
    await store.write(async (tx) => {
      await tx.db
        .updateTable('sessions')
        .set({ queued_at: new Date(since).toISOString() })
        .where('id', '=', row.id)
        .execute();
      const payload = { session: sessionId(row), state: 'queued', detail: `${before} before it` } as const;
      await log.append(tx, row.execution, [{ kind: 'session', payload }]);
    });
  }

  return {
    check(options) {
      const { cpus, memoryBytes } = needOf({ id: 'to be opened', options: JSON.stringify(options) });
      if (cpus <= budget.cpus && memoryBytes <= budget.memoryBytes) return;
      const detail = `It asks for ${cpus} CPUs and ${sizeInWords(memoryBytes)} of memory; all sessions together may have ${budget.cpus} and ${sizeInWords(budget.memoryBytes)}`;
      throw new AirlockError('session_too_large', detail);
    },
    holdSpare: (row) => admission.holdSpare(row.id, needOf(row)),
    async hold(row) {
      // At once: it may leave while its service is looked up.
      admission.hold(row.id, needOf(row));
      if (settingsOf(row).atOnce === undefined) return;
      const share = shareOf(row, (await ownerOf(row)).service);
      if (share) admission.count(row.id, share);
    },
    async enter(row) {
      const since = row.queued_at === null ? clock().getTime() : Date.parse(row.queued_at);
      const { user, service } = await ownerOf(row);
      const share = shareOf(row, service);
      const admitted = admission.enter({ session: row.id, user, need: needOf(row), share, since });
      if (!admitted) return undefined;
      await tellPlace(row, since);
      return { admitted };
    },
    leave: admission.leave,
    before: admission.before,
    lacking: admission.lacking,
    waitingFor: admission.waitingFor,
  };
}

export function needOf(row: Pick<SessionRow, 'id' | 'options'>): Need {
  const { cpus, memoryBytes } = settingsOf(row);
  return { cpus, memoryBytes };
}
