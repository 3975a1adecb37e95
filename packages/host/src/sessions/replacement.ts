import { AirlockError } from '@airlock/protocol/errors';
import { type DownFrame, downFrameSchema } from '@airlock/protocol/wire';
import type { WorkerImage } from '../placement/placement.ts';
import { newId } from '../store/ids.ts';
import { fromJson } from '../store/json.ts';
import type { Tx } from '../store/store.ts';
import { endTurn, type FrameSinks } from './frames.ts';
import { endOpenCalls } from './open-calls.ts';
import { queueDown } from './outbox.ts';
import { putOffCall } from './put-off.ts';
import { type SessionRow, sessionId } from './session-row.ts';
import { forgetPrompt, turnStateOf, wasTaken } from './transcript.ts';
import { unspentAnswers } from './unspent.ts';

/*
 * A session whose container was lost goes on in another.
 *
 * N1. The call that waits for a turn gets one outcome: that of the turn when it ends, in whichever container it does.
 * N2. A turn whose end Claude remembers has ended; it is not run again.
 * N3. A prompt Claude remembers no answer to is said again under its uuid; one it had begun to answer is not, but Claude is
 *     told that it was cut off.
 * N4. What the lost container asked is withdrawn, but for a call that is put off (H16), and an answer to it is given to no
 *     other ask but as N6 has it.
 * N5. Three containers lost in a row before anything got done end the session, and so do twenty in one turn; a session
 *     that waits for a person is not ended, it rests.
 */

/** What another container may be spared. */
const passing = ['container_lost', 'container_out_of_memory'] as const;
const mostInARow = 3;
const mostInATurn = 20;
/** An idle session gets one container back at once, so that it answers fast; after that it waits for something to do. */
const mostIdle = 1;

/** Told to Claude when its container was lost in the middle of an answer. */
export const cutOffNotice = [
  'The sandbox you were working in was lost in the middle of your answer and has been replaced by a new one.',
  'Files in /workspace are as they were. Everything else is gone: running processes, background tasks, other files.',
  'A tool call without a result may or may not have taken effect: check before you repeat it.',
  'Go on from where you were and finish what you were asked.',
].join(' ');

const memoryNotice = 'It was lost because it used more memory than it has: do it with less.';

/** What becomes of a session whose container is gone. */
export type AfterLoss =
  | { readonly kind: 'replace' }
  | { readonly kind: 'fail'; readonly problem: AirlockError }
  /** Nobody waits for it any more. */
  | { readonly kind: 'over' };

export function afterLoss(row: SessionRow, problem: AirlockError): AfterLoss {
  if (row.state !== 'starting' && row.state !== 'live') return { kind: 'over' };
  if (!passing.some((code) => code === problem.code)) return { kind: 'fail', problem };
  if (row.turn_prompt === null) return { kind: 'replace' };
  if (row.losses + 1 >= mostInARow) return fail(problem, `${mostInARow} in a row before anything got done`);
  if (row.turn_losses + 1 >= mostInATurn) return fail(problem, `${mostInATurn} in one turn`);
  return { kind: 'replace' };
}

function fail({ code, detail }: AirlockError, how: string): AfterLoss {
  return { kind: 'fail', problem: new AirlockError(code, `${detail}. Containers were lost again and again: ${how}`) };
}

/** Whether the session is to have no container until there is something to do. */
export function isResting({ container, turn_prompt, losses }: SessionRow): boolean {
  return container === null && turn_prompt === null && losses > mostIdle;
}

/** Ends the turn in progress if Claude remembers its end; returns the session as it then is. */
export async function endRememberedTurn(tx: Tx, row: SessionRow, sinks: FrameSinks): Promise<SessionRow> {
  if (row.turn_prompt === null) return row;
  const state = await turnStateOf(tx, row.id, row.turn_prompt);
  if (state.kind !== 'finished') return row;
  const { text, durationMs } = state;
  const how = { isError: false, subtype: 'success', terminalReason: null, apiStatus: null, tokens: [] };
  await endTurn(tx, row, { type: 'turn', prompt: row.turn_prompt, text, durationMs, ...how }, sinks);
  return await tx.db.selectFrom('sessions').selectAll().where('id', '=', row.id).executeTakeFirstOrThrow();
}

/** Lets another container take the place of the one that is gone, with `image` and all there is to say to Claude. */
export async function replaceContainer(
  tx: Tx,
  row: SessionRow,
  { image, problem }: { readonly image: WorkerImage; readonly problem: AirlockError },
  sinks: FrameSinks,
): Promise<void> {
  const putOff = await putOffCall(tx, row.id);
  if (!putOff) await sinks.inbox.withdraw(tx, { execution: row.execution, session: row.id });
  // A call that was put off is asked about again as the same one, and gets its answer as such (H16).
  const unspent = putOff ? row.unspent : await unspentAnswers(tx, row);
  const turn = putOff ? undefined : await takeUpTurn(tx, row, problem);
  const waiting = await waitingPrompts(tx, row);
  await tx.db.deleteFrom('outbox').where('session', '=', row.id).execute();
  const next = {
    state: 'starting' as const,
    container: null,
    replaces: row.container,
    image: image.reference,
    digest: image.digest,
    tasks: null,
    up_committed: 0,
    down_queued: 0,
    losses: row.losses + 1,
    turn_losses: row.turn_losses + 1,
    ...(putOff ? {} : { turn_prompt: turn?.uuid ?? null, turn_frame: turn ? JSON.stringify(turn) : null }),
    unspent,
    idle_at: turn || putOff || waiting.length > 0 ? null : sinks.clock().toISOString(),
  };
  await tx.db.updateTable('sessions').set(next).where('id', '=', row.id).execute();
  for (const frame of turn ? [turn, ...waiting] : waiting) await queueDown(tx, row.id, frame);
  const state = isResting({ ...row, ...next }) ? 'resting' : 'resumed';
  const told = turn?.type === 'notice' ? `. Claude is told: ${turn.text}` : '';
  const detail = `${problem.detail}${told}`;
  await sinks.log.append(tx, row.execution, [
    ...(putOff ? [] : await endOpenCalls(tx, row)),
    {
      kind: 'session',
      payload: { session: sessionId(row), state, image: image.reference, digest: image.digest, detail },
    },
  ]);
}

type Said = Extract<DownFrame, { type: 'prompt' | 'notice' }>;

/** What is said to Claude so that the turn in progress goes on; nothing when there is none. */
export async function takeUpTurn(tx: Tx, row: SessionRow, problem: AirlockError): Promise<Said | undefined> {
  if (row.turn_prompt === null || row.turn_frame === null) return undefined;
  const { kind } = await turnStateOf(tx, row.id, row.turn_prompt);
  if (kind === 'cut') {
    const text = problem.code === 'container_out_of_memory' ? `${cutOffNotice} ${memoryNotice}` : cutOffNotice;
    return { type: 'notice', uuid: newId(), text };
  }
  if (kind === 'unanswered') await forgetPrompt(tx, row.id, row.turn_prompt);
  const frame = fromJson(downFrameSchema, row.turn_frame, `Prompt of session ${row.id}`);
  return isSaid(frame) ? frame : undefined;
}

/** Prompts behind the one of the turn, which the lost container had not taken to Claude. */
export async function waitingPrompts(tx: Tx, row: SessionRow): Promise<Said[]> {
  const queued = await tx.db
    .selectFrom('outbox')
    .select(['n', 'frame'])
    .where('session', '=', row.id)
    .orderBy('n')
    .execute();
  const prompts: Said[] = [];
  for (const { n, frame } of queued) {
    const parsed = fromJson(downFrameSchema, frame, `Outbox ${row.id}/${n}`);
    if (!isSaid(parsed) || parsed.uuid === row.turn_prompt) continue;
    if (!(await wasTaken(tx, row.id, parsed.uuid))) prompts.push(parsed);
  }
  return prompts;
}

function isSaid(frame: DownFrame): frame is Said {
  return frame.type === 'prompt' || frame.type === 'notice';
}
