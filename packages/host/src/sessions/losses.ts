import type { AirlockError } from '@airlock/protocol/errors';
import type { Log } from '../log/log.ts';
import type { Placement, WorkerImage } from '../placement/placement.ts';
import type { Store, Tx } from '../store/store.ts';
import { type FrameSinks, failSession } from './frames.ts';
import type { LinkDeps } from './link.ts';
import type { MadeFiles } from './made-files.ts';
import { afterLoss, endRememberedTurn, replaceContainer } from './replacement.ts';
import { findSession, type SessionRow, sessionId } from './session-row.ts';
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
  readonly logger: LinkDeps['log'];
}

/** What happens to sessions that lose their container, or are to have none any more. */
export interface Losses {
  /** The container is gone although nobody asked for its end. */
  gone(id: string, container: string, problem: AirlockError): Promise<'replaced' | 'over'>;
  /** The session is over, because of `problem` unless it was ending anyway. */
  lost(id: string, problem: AirlockError): Promise<void>;
  /** Removes the container of a session that is over. */
  release(id: string): Promise<void>;
}

export function createLosses(options: LossesOptions): Losses {
  const { store, log, placement, sinks, stalls } = options;

  async function endSession(tx: Tx, row: SessionRow, problem: AirlockError): Promise<void> {
    if (row.state === 'starting' || row.state === 'live') await failSession(tx, row, problem, sinks);
    if (row.state === 'ending') await markEnded(tx, row);
  }

  async function markEnded(tx: Tx, row: SessionRow): Promise<void> {
    await tx.db.updateTable('sessions').set({ state: 'ended' }).where('id', '=', row.id).execute();
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
  }

  return {
    release,

    async lost(id, problem) {
      await store.write(async (tx) => {
        const row = await tx.db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst();
        if (row) await endSession(tx, row, problem);
      });
      await release(id);
    },

    async gone(id, container, problem) {
      const next = await store.write(async (tx) => {
        const known = await tx.db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst();
        if (known?.container !== container) return 'over';
        const row = await endRememberedTurn(tx, known, sinks);
        if (row.turn_prompt === null) tx.afterCommit(() => stalls.forget(id));
        const after = afterLoss(row, problem);
        if (after.kind === 'replace') {
          await replaceContainer(tx, row, { image: options.image(), problem }, sinks);
          return 'replaced';
        }
        await endSession(tx, row, after.kind === 'fail' ? after.problem : problem);
        return 'over';
      });
      if (next === 'over') await release(id);
      else stalls.touch(id);
      return next;
    },
  };
}
