import type { Delta, Event, EventKind, EventPayload, Retract } from '@airlock/protocol/events';
import { type ExecutionStatus, isFinal } from '@airlock/protocol/executions';
import type { ContextUse, Facts } from '@airlock/protocol/facts';
import type { Id } from '@airlock/protocol/ids';
import type { JsonObject } from '@airlock/protocol/json';
import {
  type Ask,
  blockKey,
  changeItem,
  type Item,
  type ItemOf,
  type LiveBlock,
  type LogLine,
  type Opened,
} from './timeline-item.ts';
import { endRequest, handOn, remind } from './timeline-requests.ts';
import { addTaskStep, endTasks } from './timeline-tasks.ts';

export interface Timeline {
  lastSeq: number;
  /** Seq of the last event after which the execution's own record (status, usage, what it waits for) may read otherwise. */
  recordSeq: number;
  status: ExecutionStatus | null;
  reason: string | null;
  /** When the execution ended, by the log. */
  endedAt: string | null;
  inputs: JsonObject | null;
  items: readonly Item[];
  live: readonly LiveBlock[];
  log: readonly LogLine[];
  /** In the order they appeared. */
  sessions: readonly Id[];
  /** The session with a turn in progress. */
  working: Id | null;
  /** What the CLI last said of itself, and how full Claude's memory was, by session. */
  facts: Readonly<Record<string, Facts>>;
  context: Readonly<Record<string, ContextUse>>;
}

export type TimelineInput =
  | { type: 'event'; event: Event }
  | { type: 'delta'; delta: Delta }
  | { type: 'retract'; retract: Retract }
  /** A stored event the panel cannot read: counted, never fatal. */
  | { type: 'unreadable'; seq: number; at: string; why: string }
  /** A new connection: live text comes again from its start. */
  | { type: 'connected' };

export const emptyTimeline: Timeline = {
  lastSeq: 0,
  recordSeq: 0,
  status: null,
  reason: null,
  endedAt: null,
  inputs: null,
  items: [],
  live: [],
  log: [],
  sessions: [],
  working: null,
  facts: {},
  context: {},
};

const recordKinds: ReadonlySet<EventKind> = new Set<EventKind>([
  'status',
  'turn',
  'usage',
  'result',
  'final',
  'lock',
  'lease',
  'request',
  'answer',
  'session',
  'agent',
  'prompt',
  'message',
  'tool_use',
  'tool_result',
  'retry',
]);

/**
 * From the log and the live text to what is shown.
 *
 * T1. A seq is taken once; what comes again changes nothing.
 * T2. A stored block replaces the live text of the same session, message and block; later deltas of it are dropped.
 * T3. A retract drops the live text of its message and nothing that is stored.
 * T4. A new connection drops all live text, because the first delta of each block carries the text so far.
 */
export function reduceTimeline(state: Timeline, input: TimelineInput): Timeline {
  switch (input.type) {
    case 'event':
      if (input.event.seq <= state.lastSeq) return state;
      return {
        ...addEvent(state, input.event),
        lastSeq: input.event.seq,
        recordSeq: recordKinds.has(input.event.kind) ? input.event.seq : state.recordSeq,
      };
    case 'unreadable':
      if (input.seq <= state.lastSeq) return state;
      return {
        ...withLog(state, { seq: input.seq, at: input.at, source: 'panel', text: input.why }),
        lastSeq: input.seq,
      };
    case 'delta':
      return addDelta(state, input.delta);
    case 'retract':
      return withoutLive(state, (live) => belongsTo(live, input.retract));
    case 'connected':
      return state.live.length === 0 ? state : { ...state, live: [] };
  }
}

function belongsTo(live: LiveBlock, message: { session: string; messageId: string }): boolean {
  return live.session === message.session && live.messageId === message.messageId;
}

function withoutLive(state: Timeline, drop: (live: LiveBlock) => boolean): Timeline {
  const live = state.live.filter((block) => !drop(block));
  return live.length === state.live.length ? state : { ...state, live };
}

function addDelta(state: Timeline, delta: Delta): Timeline {
  const key = blockKey(delta);
  const place = state.live.findIndex((block) => block.key === key);
  const known = state.live[place];
  if (known) return { ...state, live: state.live.with(place, { ...known, text: known.text + delta.text }) };
  if (state.items.some((item) => item.key === key)) return state;
  const { session, messageId, text } = delta;
  const kind = delta.kind === 'text' ? 'message' : 'thinking';
  return withSession({ ...state, live: [...state.live, { key, session, messageId, kind, text }] }, session);
}

function withSession(state: Timeline, session: Id): Timeline {
  return state.sessions.includes(session) ? state : { ...state, sessions: [...state.sessions, session] };
}

function withItem(state: Timeline, item: Item): Timeline {
  const next = { ...state, items: [...state.items, item] };
  return 'session' in item && item.session !== null ? withSession(next, item.session) : next;
}

function withLog(state: Timeline, line: LogLine): Timeline {
  return { ...state, log: [...state.log, line] };
}

function addEvent(state: Timeline, event: Event): Timeline {
  const place = { key: `e${event.seq}`, seq: event.seq, at: event.at };
  switch (event.kind) {
    case 'status':
      return addStatus(state, event.payload, event.at);
    case 'inputs':
      return { ...state, inputs: event.payload.inputs };
    case 'message':
    case 'thinking': {
      const { session, text, parent = null } = event.payload;
      const key = blockKey(event.payload);
      const item: Item = { ...place, key, kind: event.kind, session, text, parent };
      return withItem(
        withoutLive(state, (live) => live.key === key),
        item,
      );
    }
    case 'prompt': {
      const { session, text, by } = event.payload;
      return withItem({ ...state, working: session }, { ...place, kind: 'prompt', session, text, by: by ?? null });
    }
    case 'tool_use': {
      const { session, parent = null, toolUseId, tool, input } = event.payload;
      return withItem(state, { ...place, kind: 'tool', session, parent, toolUseId, tool, input, outcome: null });
    }
    case 'tool_result':
      return addToolResult(state, event.payload);
    case 'lock': {
      const { request, name, elements, expiresAt = null, assign = null } = event.payload;
      const ask: Ask = { kind: 'form', name, elements };
      return openRequest(state, place, { request, session: null, ask, expiresAt, assign, handed: null, reminders: 0 });
    }
    case 'request': {
      const { expiresAt = null } = event.payload;
      return openRequest(state, place, { ...event.payload, expiresAt, assign: null, handed: null, reminders: 0 });
    }
    case 'assigned':
      return { ...state, items: handOn(state.items, event.payload) };
    case 'reminder':
      return { ...state, items: remind(state.items, event.payload) };
    case 'lease':
    case 'answer':
      return { ...state, items: endRequest(state.items, event.payload, event.at) };
    case 'turn':
      return addTurn({ ...state, working: null }, place, event.payload);
    default:
      return addRest(state, place, event);
  }
}

type Place = Pick<Item, 'key' | 'seq' | 'at'>;
type Rest = Extract<
  Event,
  {
    kind:
      | 'meta'
      | 'usage'
      | 'agent'
      | 'action'
      | 'result'
      | 'final'
      | 'error'
      | 'upload'
      | 'debug'
      | 'stdout'
      | 'stderr'
      | 'session'
      | 'retry';
  }
>;

function addRest(state: Timeline, place: Place, event: Rest): Timeline {
  switch (event.kind) {
    case 'meta':
    case 'usage':
      return state;
    case 'agent':
      if ('body' in event.payload) return withItem(state, { ...place, kind: 'agent', body: event.payload.body });
      return withSession({ ...state, items: addTaskStep(state.items, place, event.payload) }, event.payload.session);
    case 'action':
    case 'result':
      return withItem(state, { ...place, kind: 'shown', shown: event.payload });
    case 'final':
      return withItem(state, { ...place, kind: 'final', shown: event.payload });
    case 'error':
      return addError(state, { ...place, kind: 'error', error: event.payload });
    case 'upload':
      return withItem(state, { ...place, kind: 'upload', files: event.payload.files });
    case 'debug':
    case 'stdout':
    case 'stderr':
      return withLog(state, { seq: place.seq, at: place.at, source: event.kind, text: event.payload.text });
    case 'session':
      return addSessionState(state, place, event.payload);
    case 'retry':
      return withItem(state, { ...place, kind: 'retry', session: event.payload.session ?? null, retry: event.payload });
  }
}

function addStatus(state: Timeline, { status, reason }: EventPayload<'status'>, at: string): Timeline {
  const over = isFinal(status);
  const next = { ...state, status, reason: reason ?? null, endedAt: over ? at : null };
  return over ? { ...next, live: [] } : next;
}

function addToolResult(state: Timeline, { toolUseId, session, ...outcome }: EventPayload<'tool_result'>): Timeline {
  const isCall = (item: Item) => item.kind === 'tool' && item.toolUseId === toolUseId && item.session === session;
  const { isError, text, truncated } = outcome;
  const answered = (item: Item) => ({ ...item, outcome: { isError, text, truncated } }) as ItemOf<'tool'>;
  return { ...state, items: changeItem(state.items, isCall, answered) };
}

function openRequest(state: Timeline, place: Place, opened: Opened): Timeline {
  return withItem(state, { ...place, ...opened, key: opened.request, kind: 'request', ending: null });
}

/** A finished turn leaves no live text of its session behind; a failed one shows why. */
function addTurn(state: Timeline, place: Place, turn: EventPayload<'turn'>): Timeline {
  const context = turn.context ? { ...state.context, [turn.session]: turn.context } : state.context;
  const settled = withoutLive({ ...state, context }, (live) => live.session === turn.session);
  return turn.error ? addError(settled, { ...place, kind: 'error', error: turn.error }) : settled;
}

/** A failed turn usually fails the execution with the same error: shown once. */
function addError(state: Timeline, item: ItemOf<'error'>): Timeline {
  const last = state.items.findLast((each) => each.kind === 'error');
  const repeated = last && last.error.code === item.error.code && last.error.detail === item.error.detail;
  return repeated ? state : withItem(state, item);
}

function addSessionState(state: Timeline, place: Place, payload: EventPayload<'session'>): Timeline {
  const detail = [payload.model, payload.detail].filter((part) => part !== undefined).join(' · ');
  const { session, state: now } = payload;
  const isOver = now === 'ended' || now === 'lost';
  const isGone = isOver || now === 'resumed' || now === 'resting';
  const facts = payload.facts ? { ...state.facts, [session]: payload.facts } : state.facts;
  const items = isGone ? endTasks(state.items, session) : state.items;
  const next = { ...state, facts, items, working: isOver ? null : state.working };
  // The setup of the session has it.
  if (now === 'changed' && detail === '') return withSession(next, session);
  return withItem(next, { ...place, kind: 'session', session, state: now, detail });
}
