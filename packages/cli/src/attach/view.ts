import type { Event } from '@airlock/protocol/events';
import { grantWords } from '@airlock/protocol/grant-rules';
import type { Id } from '@airlock/protocol/ids';
import { answerSchemas } from '@airlock/protocol/requests';
import type { Logged } from '../events/read-events.ts';
import { eventText } from '../events/render-event.ts';
import { plain, plainLine, revealed } from '../plain.ts';
import { paint } from '../terminal.ts';
import type { Ask, Open } from './desk.ts';
import { layOut } from './lay-out.ts';
import type { LiveText } from './live-text.ts';
import { type Surface, showRequest } from './show-request.ts';

export interface Display extends Surface {
  print(text: string): void;
}

type Style = Parameters<typeof paint>[1];
interface Line {
  readonly sign: string;
  readonly text: string;
  readonly style?: Style;
}

/** Longest a line about something is, in characters. */
const lineWidth = 160;
export const messageMark = '● ';
const deeper = { line: '  ', wrapped: '  ' };

/** Whether all of it is shown: what a service says to people. */
function isSaid({ kind }: Event): boolean {
  return ['action', 'result', 'final', 'stdout', 'stderr'].includes(kind);
}

function outcomeOf(ask: Ask, { outcome, inputs }: { outcome: string; inputs?: unknown }): string {
  if (outcome !== 'answered') return outcome;
  switch (ask.kind) {
    case 'form':
      return 'answered';
    case 'question':
      return `answered: ${Object.values(answerSchemas.question.safeParse(inputs).data?.answers ?? {}).join(' · ')}`;
    case 'elicitation':
      return answerSchemas.elicitation.safeParse(inputs).data?.action === 'accept' ? 'answered' : 'declined';
    case 'plan':
    case 'tool':
      return decisionOf(ask, inputs);
  }
}

function decisionOf(ask: Ask, inputs: unknown): string {
  const { tool, plan } = answerSchemas;
  const answer = ask.kind === 'plan' ? plan.safeParse(inputs).data : tool.safeParse(inputs).data;
  const said = answer?.message === undefined ? '' : `: “${answer.message}”`;
  if (answer?.decision !== 'allow') {
    return `${answer && 'interrupt' in answer && answer.interrupt ? 'denied, and Claude stopped' : 'denied'}${said}`;
  }
  if ('updatedInput' in answer && answer.updatedInput) return 'allowed as edited';
  if ('remember' in answer && answer.remember && ask.kind === 'tool') {
    return `allowed, from now on: ${grantWords(ask.grants ?? []).join(', ')}`;
  }
  return 'permissionMode' in answer && answer.permissionMode === 'acceptEdits'
    ? 'allowed, edits need no asking'
    : 'allowed';
}

function nameOf(ask: Ask): string {
  return ask.kind === 'tool' ? ask.tool : ask.kind === 'form' ? ask.name : ask.kind;
}

/** Shows what happens in an execution as a conversation. Every text of it may be hostile. */
export function createView(display: Display, live: LiveText) {
  /** Numbers of the sessions, once there are several. */
  const sessions: Id[] = [];

  function mark(session: Id | undefined): string {
    if (session === undefined) return '';
    if (!sessions.includes(session)) sessions.push(session);
    return sessions.length > 1 ? `S${sessions.indexOf(session) + 1} ` : '';
  }

  function note(sign: string, text: string, style: Style = 'dim'): void {
    display.print(
      `${paint(display.terminal, style, layOut(`${sign} ${text}`, { first: '', ...deeper }, display.width).trimEnd())}\n`,
    );
  }

  function words(sign: string, text: string): void {
    display.print(layOut(plain(text).trimEnd(), { first: sign, ...deeper }, display.width));
  }

  function ended(event: Extract<Event, { kind: 'lease' | 'answer' }>, open: Open | undefined): void {
    if (open === undefined) return;
    const by = event.payload.by === undefined ? '' : `, by ${event.payload.by}`;
    const what = `[${open.n}] ${nameOf(open.ask)} ${outcomeOf(open.ask, event.payload)}${by}`;
    note('✓', plainLine(revealed(what), lineWidth * 2), 'green');
  }

  /** What is said of an event in a line of its own; undefined when nothing is. */
  function lineOf(event: Event, text: string): Line | undefined {
    const line = plainLine(text, lineWidth);
    switch (event.kind) {
      case 'status':
        return { sign: '·', text: line };
      case 'thinking':
        return { sign: `${mark(event.payload.session)}✻`, text: line };
      case 'tool_use':
        return { sign: `${mark(event.payload.session)}⚙`, text: revealed(line), style: 'cyan' };
      case 'tool_result':
        return { sign: '  ↳', text: line, style: event.payload.isError ? 'red' : 'dim' };
      case 'turn': {
        const style = event.payload.error ? 'red' : 'dim';
        return { sign: `${mark(event.payload.session)}—`, text: `turn ${text}`, style };
      }
      case 'session':
        return { sign: '·', text: `session ${mark(event.payload.session)}${line}` };
      case 'error':
        return { sign: '✗', text, style: 'red' };
      case 'usage':
      case 'lock':
      case 'request':
        return undefined;
      default:
        return { sign: '·', text: `${event.kind}: ${line}` };
    }
  }

  function message(payload: Extract<Event, { kind: 'message' }>['payload']): void {
    if (!live.settle(payload, payload.text)) words(`${mark(payload.session)}${messageMark}`, payload.text);
  }

  function prompt({ session, by, text }: Extract<Event, { kind: 'prompt' }>['payload']): void {
    words(`${mark(session)}» `, `${by === undefined ? '' : `${by}: `}${text}`);
  }

  function show(event: Event, logged: Logged, open: Open | undefined): void {
    if (event.kind === 'turn') live.end(event.payload.session);
    if (event.kind === 'thinking') live.settle(event.payload, event.payload.text);
    if (event.kind === 'prompt') prompt(event.payload);
    else if (event.kind === 'message') message(event.payload);
    else if (event.kind === 'lease' || event.kind === 'answer') ended(event, open);
    else if (isSaid(event)) words(`${event.kind}: `, eventText(logged));
    else {
      const line = lineOf(event, eventText(logged));
      if (line !== undefined) note(line.sign, line.text, line.style);
    }
  }

  return {
    /** `open`: the request that came or went with it. */
    event(logged: Logged, event: Event | undefined, open: Open | undefined): void {
      if (event === undefined) note('·', `${plainLine(logged.kind, 20)}: ${plainLine(eventText(logged), lineWidth)}`);
      else show(event, logged, open);
    },
    request(open: Open): void {
      open.shown = true;
      display.print(showRequest(open, display));
    },
    note,
  };
}
export type View = ReturnType<typeof createView>;
