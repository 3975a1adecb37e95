import type { AirlockError } from '@airlock/protocol/errors';
import type { DownFrame } from '@airlock/protocol/wire';
import type { Log } from '../log/log.ts';
import type { Fence } from '../ownership/ownership.ts';
import type { WorkerImage } from '../placement/placement.ts';
import type { Tx } from '../store/store.ts';
import type { FrameSinks } from './frames.ts';
import { queueDown } from './outbox.ts';
import { putOffCall, whatIsAsked } from './put-off.ts';
import { takeUpTurn, waitingPrompts } from './replacement.ts';
import { isOfHost, type SessionRow, sessionId, tasksOf } from './session-row.ts';
import { turnStateOf } from './transcript.ts';

/*
 * A session that has had nothing to do for a while gives up its container; transcript and workspace stay.
 *
 * H11. It falls asleep in a write that finds nothing in progress, asked, used or unheard; or nothing but one ask about a call
 *      that can be put off (H15). From then on its runner is told nothing but to end.
 * H12. What is said to it meanwhile waits for the next container and is said there, once.
 * H13. It is stored that it sleeps once its files are kept, and before its container is removed: a crash leaves one that
 *      still falls asleep, or a container nobody owns.
 * H14. One that sleeps is a row: it has no container, no link and no timer. It wakes in the write that says something to it.
 * H15. In a turn, it sleeps once its transcript says that the call is put off; else its container was lost in a turn (N3, N4).
 *      What it asks stays open; it wakes in the write that decides that, and what is said to it waits until then.
 * H16. The call that was put off is asked about again by the next container, which is told what was decided. It runs once.
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
    .where('container', 'is not', null)
    .where(isOfHost(fence))
    .executeTakeFirst();
  const farewell = row && (await farewellTo(tx, row));
  if (!farewell) return false;
  await tx.db
    .updateTable('sessions')
    .set({ state: 'hibernating', idle_at: now.toISOString() })
    .where('id', '=', id)
    .execute();
  await queueDown(tx, id, farewell);
  return true;
}

/** What its runner is told when everything that only its container knows of can be done without; else nothing. */
async function farewellTo(tx: Tx, row: SessionRow): Promise<DownFrame | undefined> {
  const used = await tx.db
    .selectFrom('tool_uses')
    .select('n')
    .where('session', '=', row.id)
    .where('result', 'is', null)
    .limit(1)
    .executeTakeFirst();
  if (tasksOf(row).length > 0 || used || (await waitingPrompts(tx, row)).length > 0) return undefined;
  const asked = await whatIsAsked(tx, row.id);
  if (asked === 'nothing') return row.turn_prompt === null ? { type: 'end' } : undefined;
  return asked === 'other' ? undefined : { type: 'put_off', requestId: asked.ref };
}

/** Whether the container of one that falls asleep was lost in a turn (H15). */
export async function wasCutOff(tx: Tx, { id, turn_prompt: prompt }: SessionRow): Promise<boolean> {
  if (await putOffCall(tx, id)) return false;
  if ((await whatIsAsked(tx, id)) !== 'nothing') return true;
  return prompt !== null && (await turnStateOf(tx, id, prompt)).kind !== 'unsaid';
}

/** The runner has ended: the session sleeps, or wakes at once for what was said meanwhile. */
export async function lieDown(
  tx: Tx,
  row: SessionRow,
  { image, problem }: { readonly image: WorkerImage; readonly problem: AirlockError },
  { log }: Pick<FrameSinks, 'log'>,
): Promise<'asleep' | 'woken'> {
  const turn = (await putOffCall(tx, row.id)) ? undefined : await takeUpTurn(tx, row, problem);
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
  for (const frame of said) await queueDown(tx, row.id, frame);
  if (said.length === 0 && !(await putOffCall(tx, row.id))) return 'asleep';
  return (await wake(tx, log, { ...row, ...next }, image)) ? 'woken' : 'asleep';
}

/** A session that sleeps is to have a container again, with `image`. False: it needs none now. */
export async function wake(tx: Tx, log: Log, row: SessionRow, image: WorkerImage): Promise<boolean> {
  if (row.state !== 'hibernated' || (await whatIsAsked(tx, row.id)) !== 'nothing') return false;
  const { reference, digest } = image;
  const now = { state: 'starting', image: reference, digest } as const;
  await tx.db.updateTable('sessions').set(now).where('id', '=', row.id).execute();
  const detail = row.image === reference ? 'It wakes' : 'It wakes in another image than before';
  const payload = { session: sessionId(row), state: 'resumed', image: reference, digest, detail } as const;
  await log.append(tx, row.execution, [{ kind: 'session', payload }]);
  return true;
}
