import type { AirlockError } from '@airlock/protocol/errors';
import type { Log } from '../log/log.ts';
import type { Placement, WorkerImage } from '../placement/placement.ts';
import type { Store, Tx } from '../store/store.ts';
import { type FrameSinks, failSession } from './frames.ts';
import { stayAwake } from './idleness.ts';
import type { LinkDeps } from './link.ts';
import type { MadeFiles } from './made-files.ts';
import { afterLoss, endRememberedTurn, replaceContainer } from './replacement.ts';
import type { Room } from './room.ts';
import { findSession, isOngoing, type SessionRow, sessionId } from './session-row.ts';
import { lieDown, wasCutOff } from './sleep.ts';
import type { StallWatch } from './stall-watch.ts';

interface LossesOptions {
  readonly store: Store;
  readonly log: Log;
  readonly placement: Placement;
  readonly wire: { readonly forget: (session: string) => void };
  readonly sinks: FrameSinks;
  readonly stalls: StallWatch;
  readonly made: MadeFiles;
  readonly image: () => WorkerImage;
  readonly room: Pick<Room, 'leave'>;
  readonly logger: LinkDeps['log'];
}

/** What happens to sessions that lose their container, or are to have none any more. */
export interface Losses {
  /** The container is gone although nobody asked for its end. */
  gone(id: string, container: string, problem: AirlockError): Promise<'replaced' | 'over'>;
  /** The container of a session that falls asleep has ended, or is to be removed as it is. */
  asleep(id: string, container: string, problem: AirlockError): Promise<'replaced' | 'over'>;
  /** The session is over, because of `problem` unless it was ending anyway. */
  lost(id: string, problem: AirlockError): Promise<void>;
  /** Removes the container of a session that is over. */
  release(id: string): Promise<void>;
}

export function createLosses(options: LossesOptions): Losses {
  const { store, log, placement, sinks, stalls } = options;

  async function endSession(tx: Tx, row: SessionRow, problem: AirlockError): Promise<void> {
    if (isOngoing(row)) await failSession(tx, row, problem, sinks);
    if (row.state === 'ending') await markEnded(tx, row);
  }

  async function markEnded(tx: Tx, row: SessionRow): Promise<void> {
    await tx.db.updateTable('sessions').set({ state: 'ended', idle_at: null }).where('id', '=', row.id).execute();
    await tx.db.deleteFrom('outbox').where('session', '=', row.id).execute();
    await log.append(tx, row.execution, [{ kind: 'session', payload: { session: sessionId(row), state: 'ended' } }]);
  }

  async function release(id: string): Promise<void> {
    stalls.forget(id);
    options.wire.forget(id);
    const row = await findSession(store, id);
    if (row?.container) await options.made.collectLast(id, row.container);
    options.made.forget(id);
    for (const container of [row?.container, row?.replaces]) {
      if (!container) continue;
      await placement.remove(container).catch((error: unknown) => {
        options.logger.warn({ session: id, error }, 'Container could not be removed; the next start tries again');
      });
    }
    options.room.leave(id);
  }

  /** What is kept of the session stays; its container goes. */
  async function removeSlept(id: string, container: string): Promise<void> {
    options.wire.forget(id);
    options.made.forget(id);
    try {
      await placement.remove(container);
    } catch (error) {
      options.logger.warn({ session: id, error }, 'Container could not be removed; the next look of the reaper does');
      return;
    } finally {
      options.room.leave(id);
    }
    await store.write(async (tx) => {
      await tx.db
        .updateTable('sessions')
        .set({ replaces: null })
        .where('id', '=', id)
        .where('replaces', '=', container)
        .execute();
    });
  }

  async function asleep(id: string, container: string, problem: AirlockError): Promise<'replaced' | 'over'> {
    await options.made.collectLast(id, container);
    const next = await store.write(async (tx) => {
      const row = await tx.db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst();
      if (row?.container !== container || row.state !== 'hibernating' || (await wasCutOff(tx, row))) return undefined;
      return await lieDown(tx, row, { image: options.image(), problem }, sinks);
    });
    if (next === undefined) return await gone(id, container, problem);
    if (next === 'woken') return 'replaced';
    await removeSlept(id, container);
    return 'over';
  }

  async function gone(id: string, container: string, problem: AirlockError): Promise<'replaced' | 'over'> {
    const next = await store.write(async (tx) => {
      const known = await tx.db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst();
      if (known?.container !== container) return 'over';
      if (known.state === 'hibernating' && !(await wasCutOff(tx, known))) return 'asleep';
      await stayAwake(tx, known);
      const row = await endRememberedTurn(tx, awake(known), sinks);
      if (row.turn_prompt === null) tx.afterCommit(() => stalls.forget(id));
      const after = afterLoss(row, problem);
      if (after.kind === 'replace') {
        await replaceContainer(tx, row, { image: options.image(), problem }, sinks);
        return 'replaced';
      }
      await endSession(tx, row, after.kind === 'fail' ? after.problem : problem);
      return 'over';
    });
    if (next === 'asleep') return await asleep(id, container, problem);
    if (next === 'over') await release(id);
    else stalls.touch(id);
    return next;
  }

  return {
    release,
    gone,
    asleep,

    async lost(id, problem) {
      await store.write(async (tx) => {
        const row = await tx.db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst();
        if (row) await endSession(tx, row, problem);
      });
      await release(id);
    },
  };
}

/** As it is once it does not fall asleep any more. */
function awake(row: SessionRow): SessionRow {
  return row.state === 'hibernating' ? { ...row, state: 'live', idle_at: null } : row;
}
