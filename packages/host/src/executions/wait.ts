import type { EventPayload } from '@airlock/protocol/events';
import { type ExecutionStatus, isFinal } from '@airlock/protocol/executions';
import type { Request } from '@airlock/protocol/requests';
import type { Wait } from '@airlock/protocol/waits';

/** What is known of an execution that can keep it from going on. Times are ISO 8601 UTC. */
export interface Known {
  readonly status: ExecutionStatus;
  /** Why it is being stopped. */
  readonly stopping: string | null;
  /** How many are before it, in the queue of its service or for room. */
  readonly queue: number | null;
  readonly startedAt: string;
  /** The oldest open one, and how many there are. */
  readonly request: Request | null;
  readonly openRequests: number;
  readonly sessions: readonly KnownSession[];
  readonly timers: readonly { readonly kind: 'sleep' | 'step'; readonly at: string }[];
}

export interface KnownSession {
  readonly state: string;
  readonly hasContainer: boolean;
  /** A turn is in progress. */
  readonly isWorking: boolean;
  readonly queuedAt: string | null;
  /** What was told of it last, of what says how it does. */
  readonly told: { readonly state: EventPayload<'session'>['state']; readonly at: string } | null;
  /** Set when asking the model again is the last that was told. */
  readonly retry: (EventPayload<'retry'> & { readonly at: string }) | null;
  /** Tool calls without a result, the oldest first. */
  readonly tools: readonly { readonly tool: string; readonly at: string }[];
  /** When anything was told of it last. */
  readonly heardAt: string | null;
}

/** What an execution waits for at a moment; null when it has ended. Of several things, the one that is in the way most. */
export function waitOf(known: Known, now: Date): Wait | null {
  if (isFinal(known.status)) return null;
  if (known.stopping !== null) return { kind: 'stop', text: `Stopping: ${known.stopping}` };
  if (known.status === 'starting') return inQueue(known);
  return (
    forPerson(known) ??
    forSession(known, now) ??
    forTimer(known, now) ??
    asleep(known) ?? { kind: 'service', text: 'Its service is at work' }
  );
}

function inQueue({ queue, startedAt }: Known): Wait {
  if (queue === null || queue === 0) return { kind: 'turn', text: 'Next in the queue', since: startedAt };
  return { kind: 'turn', text: `Queued, ${queue} before it`, since: startedAt };
}

function forPerson({ request, openRequests, sessions }: Known): Wait | undefined {
  if (!request) return undefined;
  const more = openRequests > 1 ? `, and ${openRequests - 1} more` : '';
  const { createdAt: since, expiresAt: until } = request;
  const isAsleep = sessions.length > 0 && sessions.every(({ state }) => state === 'hibernated');
  const text = `Waits for a person: ${asked(request)}${more}${isAsleep ? '; Claude sleeps meanwhile' : ''}`;
  return { kind: 'person', text, since, ...(until === undefined ? {} : { until }) };
}

function asked(request: Request): string {
  switch (request.kind) {
    case 'form':
      return `the form “${short(request.name)}”`;
    case 'tool':
      return `may Claude use ${short(request.tool)}?`;
    case 'question':
      return `“${short(request.questions[0]?.question ?? '')}”`;
    case 'plan':
      return 'a plan to approve';
    case 'elicitation':
      return `what ${short(request.server)} asks`;
  }
}

/** Names and questions are anybody's: cut, and on one line. */
function short(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}

type Reason = (session: KnownSession, known: Known, now: Date) => Wait | undefined;

/** The first that holds for any session: what only an engine or room can change comes before what goes on. */
const reasons: readonly Reason[] = [unreachable, forRoom, forContainer, forRetry, forTool, forModel];

function forSession(known: Known, now: Date): Wait | undefined {
  for (const reason of reasons) {
    for (const session of known.sessions) {
      const wait = reason(session, known, now);
      if (wait) return wait;
    }
  }
  return undefined;
}

function unreachable({ told }: KnownSession): Wait | undefined {
  if (told?.state !== 'unreachable') return undefined;
  return { kind: 'engine', text: 'The container engine does not answer, or has no worker image', since: told.at };
}

function forRoom({ queuedAt }: KnownSession, { queue }: Known): Wait | undefined {
  if (queuedAt === null) return undefined;
  const place = queue === null || queue === 0 ? 'it is next' : `${queue} before it`;
  return { kind: 'room', text: `Waits for room: ${place}`, since: queuedAt };
}

function forContainer({ state, hasContainer, isWorking, told }: KnownSession): Wait | undefined {
  if (!isWorking || (state !== 'starting' && hasContainer)) return undefined;
  const text = told?.state === 'resumed' ? 'Another container starts for Claude' : 'The container for Claude starts';
  return { kind: 'container', text, ...(told ? { since: told.at } : {}) };
}

function forRetry({ retry }: KnownSession, _known: Known, now: Date): Wait | undefined {
  if (!retry) return undefined;
  const until = new Date(Date.parse(retry.at) + retry.delayMs);
  const left = until.getTime() - now.getTime();
  const why = whyAgain(retry);
  const common = { kind: 'retry', since: retry.at } as const;
  if (left <= 0) return { ...common, text: `The model is asked again: ${why}` };
  return { ...common, text: `Asks the model again in ${span(left)}: ${why}`, until: until.toISOString() };
}

function whyAgain({ status, reason }: EventPayload<'retry'>): string {
  if (status === 529) return 'it was overloaded (529)';
  if (status === 429) return 'it had too much to do (429)';
  return status === null ? short(reason) : `it failed (${status})`;
}

function forTool({ tools: [first, ...others] }: KnownSession): Wait | undefined {
  if (!first) return undefined;
  const more = others.length > 0 ? ` and ${others.length} more` : '';
  return { kind: 'tool', text: `Claude runs ${short(first.tool)}${more}`, since: first.at };
}

function forModel({ isWorking, heardAt }: KnownSession): Wait | undefined {
  if (!isWorking) return undefined;
  return { kind: 'model', text: 'Claude is working', ...(heardAt === null ? {} : { since: heardAt }) };
}

function forTimer({ timers: [first] }: Known, now: Date): Wait | undefined {
  if (!first) return undefined;
  const left = Math.max(0, Date.parse(first.at) - now.getTime());
  const text =
    first.kind === 'sleep' ? `Its service pauses for ${span(left)}` : `A step is tried again in ${span(left)}`;
  return { kind: 'timer', text, until: first.at };
}

function asleep({ sessions }: Known): Wait | undefined {
  const sleeping = sessions.find(({ state }) => state === 'hibernated' || state === 'hibernating');
  if (!sleeping) return undefined;
  const since = sleeping.told?.state === 'hibernated' ? { since: sleeping.told.at } : {};
  return { kind: 'asleep', text: 'Asleep until there is something to do', ...since };
}

const units = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
] as const;

/** `1 s`, `12 s`, `5 min`, `3 h`, `2 d`: rounded up, for something that is waited for. */
function span(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  const unit = units.find(([, size]) => seconds >= size);
  return unit ? `${Math.ceil(seconds / unit[1])} ${unit[0]}` : `${seconds} s`;
}
