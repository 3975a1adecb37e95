import { stripHiddenLines } from '@airlock/flow/hidden-lines';
import { AirlockError } from '@airlock/protocol/errors';
import type { NewEvent } from '@airlock/protocol/events';
import type { SessionAsk } from '@airlock/protocol/requests';
import { decide, ruleText } from '@airlock/protocol/rules';
import type { Outcome, Turn } from '@airlock/protocol/service-channel';
import { noUsage, usageSchema } from '@airlock/protocol/usage';
import type { SingleFrame } from '@airlock/protocol/wire';
import type { UpstreamProblem } from '../gateway/problem.ts';
import type { Inbox } from '../inbox/inbox.ts';
import { sessionAskOf } from '../inbox/request-row.ts';
import type { Log } from '../log/log.ts';
import { fromJson } from '../store/json.ts';
import type { Tx } from '../store/store.ts';
import { type FactFrame, keepFacts } from './facts.ts';
import { isWork, noteIdle, noteWaits, noteWork, stayAwake } from './idleness.ts';
import { queueDown } from './outbox.ts';
import { decidedBefore, forgetPutOff, losePutOff } from './put-off.ts';
import { takeToolCall } from './service-tools.ts';
import { idle, type SessionRow, sessionId, settingsOf } from './session-row.ts';
import type { Settle } from './settle.ts';
import { keepTranscript } from './transcript.ts';
import { isInterrupted, turnError } from './turn-error.ts';
import { answerOf, takeUnspent } from './unspent.ts';
import { answerable } from './verdict.ts';

export interface FrameSinks {
  readonly log: Log;
  readonly inbox: Inbox;
  readonly settle: Settle;
  readonly clock: () => Date;
  /** Something was queued for the session, and is on disk. */
  readonly onQueued: (session: string) => void;
  /** What the gateway last saw fail for the session, if its last request failed. */
  readonly upstreamProblem: (session: string) => UpstreamProblem | undefined;
}

/** Writes down one frame of a session. Runs inside the write that also moves `up_committed`. */
export async function commitFrame(tx: Tx, row: SessionRow, frame: SingleFrame, sinks: FrameSinks): Promise<void> {
  if (row.idle_at !== null && isWork(frame)) await noteWork(tx, row, sinks.clock());
  switch (frame.type) {
    case 'ask':
      await openAsk(tx, row, frame, sinks);
      return;
    case 'ask_withdrawn':
      await sinks.inbox.withdraw(tx, { execution: row.execution, session: row.id, ref: frame.requestId });
      return;
    case 'waits':
      await noteWaits(tx, row, frame, sinks.clock());
      return;
    case 'not_put_off':
      await stayAwake(tx, row);
      return;
    case 'taken_up':
      await forgetPutOff(tx, row.id);
      return;
    case 'not_asked':
      await losePutOff(tx, row);
      return;
    case 'tool_call':
      await takeToolCall(tx, row, frame, sinks.settle);
      tx.afterCommit(() => sinks.onQueued(row.id));
      return;
    case 'check':
      await checkRules(tx, row, frame, sinks);
      return;
    case 'transcript':
      await keepTranscript(tx, row.id, frame);
      return;
    case 'turn':
      await endTurn(tx, row, frame, sinks);
      return;
    case 'failure':
      // It was told to end, and has: the next container tries anew.
      if (row.state === 'hibernating') return;
      await failSession(tx, row, AirlockError.fromBody(frame.error), sinks);
      return;
    case 'ended':
      if (row.state === 'hibernating') return;
      await tx.db.updateTable('sessions').set({ state: 'ended' }).where('id', '=', row.id).execute();
      await sinks.log.append(tx, row.execution, [
        { kind: 'session', payload: { session: sessionId(row), state: 'ended' } },
      ]);
      return;
    case 'ready':
    case 'facts':
    case 'tasks':
    case 'task':
      await keepFacts(tx, row, frame, sinks.log);
      return;
    default: {
      if (frame.type === 'tool_result') {
        // Something got done: what is lost from here on is lost anew.
        await tx.db.updateTable('sessions').set({ losses: 0 }).where('id', '=', row.id).execute();
      }
      const event = shownEvent(row, frame, sinks.upstreamProblem(row.id));
      if (event) await sinks.log.append(tx, row.execution, [event]);
    }
  }
}

/** Asks people, unless somebody has answered this very ask before (N6). */
async function openAsk(
  tx: Tx,
  row: SessionRow,
  frame: Extract<SingleFrame, { type: 'ask' }>,
  { inbox, clock, onQueued }: FrameSinks,
): Promise<void> {
  const { execution, id: session } = row;
  const { requestId: ref } = frame;
  const verdict = await decidedBefore(tx, row, frame);
  if (verdict) {
    await queueDown(tx, session, { type: 'answer', requestId: ref, verdict });
    tx.afterCommit(() => onQueued(session));
    return;
  }
  const ask = answerable(frame.ask);
  const decided = await takeUnspent(tx, row, ask);
  const expiresAt = new Date(clock().getTime() + settingsOf(row).answerMs);
  const before = decided?.kind === 'other' ? sessionAskOf(decided.request) : undefined;
  const asked = await inbox.open(tx, { execution, session, ask: withChange(ask, before), ref, expiresAt });
  if (decided?.kind !== 'same') return;
  const by = decided.request.answered_by ?? '';
  await inbox.answerAgain(tx, asked, answerOf(decided.request), by);
}

/** Says what the rules of the service say about a call, and that they did. */
async function checkRules(
  tx: Tx,
  row: SessionRow,
  { toolUseId, tool, input }: Extract<SingleFrame, { type: 'check' }>,
  { log, onQueued }: FrameSinks,
): Promise<void> {
  const rule = decide(settingsOf(row).rules ?? [], { tool, input });
  const { decision, reason } = rule ?? {};
  await queueDown(tx, row.id, {
    type: 'checked',
    toolUseId,
    ...(decision === undefined ? {} : { decision }),
    ...(reason === undefined ? {} : { reason }),
  });
  tx.afterCommit(() => onQueued(row.id));
  if (!rule) return;
  const text = `${verdicts[rule.decision]} by the rule ${ruleText(rule)}${reason ? `: ${reason}` : ''}`;
  await log.append(tx, row.execution, [{ kind: 'debug', payload: { text: `${tool} ${text}` } }]);
}

const verdicts = { allow: 'allowed', ask: 'asked about', deny: 'denied' } as const;

/** Only the host knows what was decided on before. */
function withChange(ask: SessionAsk, before: SessionAsk | undefined): SessionAsk {
  if (ask.kind !== 'tool') return ask;
  const { changedFrom: _, ...own } = ask;
  return before?.kind === 'tool' ? { ...own, changedFrom: before.input } : own;
}

type ShownFrame = Exclude<
  SingleFrame,
  | FactFrame
  | { type: 'ask' | 'ask_withdrawn' | 'check' | 'tool_call' | 'transcript' | 'turn' | 'failure' | 'ended' }
  | { type: 'waits' | 'not_put_off' | 'taken_up' | 'not_asked' }
>;

/** The event people see for a frame; nothing when all of its text is hidden. */
function shownEvent(row: SessionRow, frame: ShownFrame, problem: UpstreamProblem | undefined): NewEvent | undefined {
  const session = sessionId(row);
  switch (frame.type) {
    case 'message': {
      const { type: _, ...said } = frame;
      const text = stripHiddenLines(said.text, settingsOf(row).hiddenLines);
      return { kind: 'message', payload: { session, ...said, text } };
    }
    case 'thinking': {
      const { type: _, ...thought } = frame;
      return { kind: 'thinking', payload: { session, ...thought } };
    }
    case 'tool_use': {
      const { type: _, ...used } = frame;
      return { kind: 'tool_use', payload: { session, ...used } };
    }
    case 'tool_result': {
      const { toolUseId, isError, text, truncated } = frame;
      return { kind: 'tool_result', payload: { session, toolUseId, isError, text, truncated } };
    }
    case 'retry': {
      const { attempt, maxRetries, delayMs, status, error } = frame;
      const reason = problem?.detail ?? error;
      return { kind: 'retry', payload: { session, attempt, maxRetries, delayMs, status, reason } };
    }
    case 'note':
      return { kind: 'debug', payload: { text: frame.text } };
  }
}

type TurnFrame = Extract<SingleFrame, { type: 'turn' }>;

/** Whether the turn that ended is the one in progress: not one the CLI began by itself, nor an older one. */
export function endsTurn(row: SessionRow, frame: TurnFrame): boolean {
  if (frame.byItself || row.turn_prompt === null) return false;
  const { prompt, prompts = [] } = frame;
  return prompt === null || prompt === row.turn_prompt || prompts.includes(row.turn_prompt);
}

/** A turn ended. One that is not in progress ends nothing that is waited for. */
export async function endTurn(tx: Tx, row: SessionRow, frame: TurnFrame, sinks: FrameSinks): Promise<void> {
  if (endsTurn(row, frame)) return await settleTurn(tx, row, frame, sinks);
  const isWorthALine = row.turn_prompt === null && (!frame.byItself || frame.text !== '');
  if (isWorthALine) await sayTurn(tx, row, frame, sinks);
  else if (row.turn_prompt === null) await noteIdle(tx, row, sinks.clock());
}

async function settleTurn(tx: Tx, row: SessionRow, frame: TurnFrame, sinks: FrameSinks): Promise<void> {
  const { usage, problem } = await sayTurn(tx, row, frame, sinks);
  if (row.turn_call === null) return;
  const turn: Turn = { text: textOf(frame), durationMs: frame.durationMs, usage, ...interruptionOf(frame) };
  const outcome: Outcome = problem ? { ok: false, error: problem.toBody() } : { ok: true, value: turn };
  await sinks.settle(tx, row.execution, row.turn_call, outcome);
}

/** Shows the end of a turn, and begins to count anew. */
async function sayTurn(tx: Tx, row: SessionRow, frame: TurnFrame, sinks: FrameSinks) {
  const problem = turnError(frame, frame.isError ? sinks.upstreamProblem(row.id) : undefined);
  const usage = fromJson(usageSchema, row.turn_usage, `Usage of session ${row.id}`);
  const error = problem === undefined ? {} : { error: problem.toBody() };
  const { prompt, durationMs, context } = frame;
  const filled = context === undefined ? {} : { context };
  const text = stripHiddenLines(textOf(frame), settingsOf(row).hiddenLines);
  await tx.db
    .updateTable('sessions')
    .set({
      ...idle,
      turn_usage: JSON.stringify(noUsage),
      losses: 0,
      turn_losses: 0,
      unspent: null,
      ...(context === undefined ? {} : { context: JSON.stringify(context) }),
      idle_at: sinks.clock().toISOString(),
    })
    .where('id', '=', row.id)
    .execute();
  await sinks.log.append(tx, row.execution, [
    {
      kind: 'turn',
      payload: {
        session: sessionId(row),
        prompt,
        text,
        durationMs,
        usage,
        ...filled,
        ...error,
        ...interruptionOf(frame),
      },
    },
  ]);
  return { usage, problem };
}

/** What the CLI says of a turn that was stopped is for its makers. */
function textOf(frame: TurnFrame): string {
  return isInterrupted(frame) ? '' : frame.text;
}

function interruptionOf(frame: TurnFrame): { interrupted?: true } {
  return isInterrupted(frame) ? { interrupted: true } : {};
}

/** The session cannot go on: its open requests are withdrawn and the turn in progress fails with `problem`. */
export async function failSession(tx: Tx, row: SessionRow, problem: AirlockError, sinks: FrameSinks): Promise<void> {
  const body = problem.toBody();
  await tx.db
    .updateTable('sessions')
    .set({ ...idle, state: 'lost', problem: JSON.stringify(body), tasks: null, idle_at: null, queued_at: null })
    .where('id', '=', row.id)
    .execute();
  await tx.db.deleteFrom('outbox').where('session', '=', row.id).execute();
  await sinks.log.append(tx, row.execution, [
    { kind: 'session', payload: { session: sessionId(row), state: 'lost', detail: problem.message } },
  ]);
  await sinks.inbox.withdraw(tx, { execution: row.execution, session: row.id });
  if (row.turn_call !== null) {
    await sinks.settle(tx, row.execution, row.turn_call, { ok: false, error: body });
  }
}
