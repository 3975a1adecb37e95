import { whoMayAnswer } from '@airlock/protocol/assign';
import { type Event, parseEvent } from '@airlock/protocol/events';
import type { TaskStep } from '@airlock/protocol/facts';
import { plain, plainLine } from '../plain.ts';
import { paint, type Terminal } from '../terminal.ts';
import type { Logged } from './read-events.ts';

const lineWidth = 160;

function short(value: unknown): string {
  return plainLine(typeof value === 'string' ? value : JSON.stringify(value), lineWidth);
}

function shownText(shown: { type: string; body: unknown }): string {
  return typeof shown.body === 'string' ? plain(shown.body) : short(shown.body);
}

function taskText({ step, about, agent, text }: TaskStep): string {
  const what = short(agent === undefined ? about : `${agent}: ${about}`);
  return `${what} ${step}${text === undefined ? '' : `: ${short(text)}`}`;
}

function outcome(payload: { outcome: string; by?: string | undefined; inputs?: unknown }): string {
  const by = payload.by === undefined ? '' : ` by ${short(payload.by)}`;
  const how =
    payload.outcome === 'expired' && payload.inputs !== undefined ? 'expired, default taken' : payload.outcome;
  return `${how}${by}${payload.inputs === undefined ? '' : `: ${short(payload.inputs)}`}`;
}

/** What an event says to a reader, without its number and kind. Every text in it may be hostile. */
function bodyOf(event: Event): string {
  switch (event.kind) {
    case 'status':
      return event.payload.status + (event.payload.reason === undefined ? '' : ` (${short(event.payload.reason)})`);
    case 'meta':
      return `${short(event.payload.title)} (${short(event.payload.service)}), started by ${short(event.payload.user)}`;
    case 'inputs':
      return short(event.payload.inputs);
    case 'agent':
      return 'body' in event.payload ? short(event.payload.body) : taskText(event.payload);
    case 'action':
    case 'result':
    case 'final':
      return shownText(event.payload);
    case 'error':
      return `${short(event.payload.title)} — ${short(event.payload.detail)}\n→ ${short(event.payload.fix)}`;
    case 'lock':
      return `waits for the form '${short(event.payload.name)}'${forWhom(event.payload)} (request ${event.payload.request})`;
    case 'lease':
    case 'answer':
      return outcome(event.payload);
    case 'request':
      return `waits for ${askText(event.payload.ask)} (request ${event.payload.request})`;
    case 'assigned':
      return `handed on to ${short(whoMayAnswer(event.payload.assign, 'its owner'))} ${event.payload.by === undefined ? 'for nobody answered' : `by ${short(event.payload.by)}`}${noteText(event.payload.note)}`;
    case 'reminder':
      return `still waits for an answer: reminder ${event.payload.n} (request ${event.payload.request})`;
    case 'upload':
      return short(event.payload.files.map((file) => file.path).join(', '));
    case 'debug':
    case 'stdout':
    case 'stderr':
    case 'prompt':
    case 'message':
    case 'thinking':
      return plain(event.payload.text);
    case 'session':
      return `${event.payload.state}${event.payload.detail === undefined ? '' : ` — ${short(event.payload.detail)}`}`;
    case 'tool_use':
      return `${short(event.payload.tool)} ${short(event.payload.input)}`;
    case 'tool_result':
      return `${event.payload.isError ? 'failed: ' : ''}${short(event.payload.text)}`;
    case 'turn':
      return turnText(event.payload);
    case 'retry':
      return retryText(event.payload);
    case 'usage':
      return `${short(event.payload.model)}: ${tokens(event.payload.usage)}`;
  }
}

function noteText(note: string | undefined): string {
  return note === undefined ? '' : `: ${short(note)}`;
}

/** Who may answer a form, and until when, where that is not the owner at any time. */
function forWhom({ assign, expiresAt }: Extract<Event, { kind: 'lock' }>['payload']): string {
  const who = assign === undefined ? '' : ` from ${short(whoMayAnswer(assign, 'its owner'))}`;
  return expiresAt === undefined ? who : `${who} until ${expiresAt.replace('T', ' ').slice(0, 16)}`;
}

function retryText({ step, reason, delayMs }: Extract<Event, { kind: 'retry' }>['payload']): string {
  const pause = delayMs === 0 ? 'at once' : `in ${(delayMs / 1000).toFixed(1)} s`;
  if (step === undefined) return `${short(reason)}; asking again ${pause}`;
  return `step '${short(step)}': ${short(reason)}; running it again ${pause}`;
}

function askText(ask: Extract<Event, { kind: 'request' }>['payload']['ask']): string {
  switch (ask.kind) {
    case 'tool':
      return `leave to use ${short(ask.tool)} ${short(ask.input)}`;
    case 'question':
      return `an answer: ${short(ask.questions.map((question) => question.question).join(' / '))}`;
    case 'elicitation':
      return `an answer for ${short(ask.server)}: ${short(ask.message)}`;
    case 'plan':
      return `leave to begin: ${short(ask.plan)}`;
  }
}

function tokens(usage: { inputTokens: number; outputTokens: number; costMicroUsd: number | null }): string {
  const cost = usage.costMicroUsd === null ? '' : `, $${(usage.costMicroUsd / 1e6).toFixed(4)}`;
  return `${usage.inputTokens} tokens in, ${usage.outputTokens} out${cost}`;
}

function turnText(turn: Extract<Event, { kind: 'turn' }>['payload']): string {
  const end = turn.error === undefined ? 'ended' : `failed: ${short(turn.error.title)} — ${short(turn.error.detail)}`;
  return `${end} after ${(turn.durationMs / 1000).toFixed(1)} s, ${tokens(turn.usage)}`;
}

/** An event of a kind and shape this command knows. */
export function knownEvent(logged: Logged): Event | undefined {
  try {
    return parseEvent(logged as Parameters<typeof parseEvent>[0]);
  } catch {
    return undefined;
  }
}

/** What an event says, safe to print. A kind or shape this command does not know is shown as JSON. */
export function eventText(logged: Logged): string {
  const event = knownEvent(logged);
  return event === undefined ? short(logged.payload ?? null) : bodyOf(event);
}

/** An event as text for a terminal, ending in a newline. */
export function renderEvent(terminal: Terminal, logged: Logged): string {
  const body = eventText(logged);
  const time = plainLine(logged.at, 30).replace(/^.*T/, '').replace(/\..*$/, '');
  const head = `${paint(terminal, 'dim', time)} ${paint(terminal, 'cyan', plainLine(logged.kind, 20).padEnd(11))}`;
  return `${head} ${body.trimEnd().replaceAll('\n', `\n${' '.repeat(21)}`)}\n`;
}
