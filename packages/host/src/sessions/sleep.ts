import type { AirlockError } from '@airlock/protocol/errors';
import type { Log } from '../log/log.ts';
import type { Fence } from '../ownership/ownership.ts';
import type { WorkerImage } from '../placement/placement.ts';
import type { Tx } from '../store/store.ts';
import type { FrameSinks } from './frames.ts';
import { queueDown } from './outbox.ts';
import { takeUpTurn, waitingPrompts } from './replacement.ts';
import { isOfHost, type SessionRow, sessionId, tasksOf } from './session-row.ts';

/*
 * A session that has had nothing to do for a while gives up its container; transcript and workspace stay.
 *
 * H11. It falls asleep in a write that finds nothing in progress, asked, used or unheard. From then on its runner is told
 *      nothing but to end.
 * H12. What is said to it meanwhile waits for the next container and is said there, once.
 * H13. It is stored that it sleeps once its files are kept, and before its container is removed: a crash leaves one that
 *      still falls asleep, or a container nobody owns.
 * H14. One that sleeps is a row: it has no container, no link and no timer. It wakes in the write that says something to it.
 */

/** Tells an idle session to end its container; false when it is not idle since `idleAt` any more. */
export async function fallAsleep(
  tx: Tx,
  { id, idleAt }: { readonly id: string; readonly idleAt: string },
  { fence, now }: { readonly fence: Fence; readonly now: Date },
): Promise<boolean> {
  const row = await tx.db
    .selectFrom('sessions')
    .selectAll()
    .where('id', '=', id)
    .where('idle_at', '=', idleAt)
    .where('state', 'in', ['starting', 'live'])
    .where('turn_prompt', 'is', null)
    .where('container', 'is not', null)
    .where(isOfHost(fence))
    .executeTakeFirst();
  if (!row || !(await maySleep(tx, row))) return false;
  await tx.db
    .updateTable('sessions')
    .set({ state: 'hibernating', idle_at: now.toISOString() })
    .where('id', '=', id)
    .execute();
  await queueDown(tx, id, { type: 'end' });
  return true;
}

/**
 * Whether everything that only its container knows of can be done without. Background tasks of Claude's belong here once
 * the runner tells of them.
 */
async function maySleep(tx: Tx, row: SessionRow): Promise<boolean> {
  const asked = await tx.db
    .selectFrom('requests')
    .select('id')
    .where('session', '=', row.id)
    .where('status', '=', 'open')
    .limit(1)
    .executeTakeFirst();
  const used = await tx.db
    .selectFrom('tool_uses')
    .select('n')
    .where('session', '=', row.id)
    .where('result', 'is', null)
    .limit(1)
    .executeTakeFirst();
  return tasksOf(row).length === 0 && !asked && !used && (await waitingPrompts(tx, row)).length === 0;
}

/** The runner has ended: the session sleeps, or wakes at once for what was said meanwhile. */
export async function lieDown(
  tx: Tx,
  row: SessionRow,
  { image, problem }: { readonly image: WorkerImage; readonly problem: AirlockError },
  { log }: Pick<FrameSinks, 'log'>,
): Promise<'asleep' | 'woken'> {
  const turn = await takeUpTurn(tx, row, problem);
  const waiting = await waitingPrompts(tx, row);
  const said = turn ? [turn, ...waiting] : waiting;
  await tx.db.deleteFrom('outbox').where('session', '=', row.id).execute();
  const next = {
    state: 'hibernated' as const,
    container: null,
    replaces: row.container,
    up_committed: 0,
    down_queued: 0,
    losses: 0,
    turn_losses: 0,
    idle_at: null,
    tasks: null,
  };
  await tx.db.updateTable('sessions').set(next).where('id', '=', row.id).execute();
  const payload = { session: sessionId(row), state: 'hibernated' } as const;
  await log.append(tx, row.execution, [{ kind: 'session', payload }]);
  if (said.length === 0) return 'asleep';
  await wake(tx, log, { ...row, ...next }, image);
  for (const frame of said) await queueDown(tx, row.id, frame);
  return 'woken';
}

/** A session that sleeps is to have a container again, with `image`. Nothing happens to any other. */
export async function wake(tx: Tx, log: Log, row: SessionRow, image: WorkerImage): Promise<void> {
  if (row.state !== 'hibernated') return;
  const { reference, digest } = image;
  const now = { state: 'starting', image: reference, digest } as const;
  await tx.db.updateTable('sessions').set(now).where('id', '=', row.id).execute();
  const detail = row.image === reference ? 'It wakes' : 'It wakes in another image than before';
  const payload = { session: sessionId(row), state: 'resumed', image: reference, digest, detail } as const;
  await log.append(tx, row.execution, [{ kind: 'session', payload }]);
}
