import { eventPayloads } from '@airlock/protocol/events';
import { executionStatusSchema, isFinal } from '@airlock/protocol/executions';
import type { Wait } from '@airlock/protocol/waits';
import * as z from 'zod';
import type { Inbox } from '../inbox/inbox.ts';
import { fromJson } from '../store/json.ts';
import type { Store } from '../store/store.ts';
import type { ExecutionRow } from './execution-row.ts';
import { readStop, stopReason } from './stopping.ts';
import { type Known, type KnownSession, waitOf } from './wait.ts';

interface WaitSources {
  readonly store: Store;
  readonly inbox: Pick<Inbox, 'listOpen'>;
  readonly clock: () => Date;
}

/** Kinds of events that tell what a session is doing. */
const tellingKinds = ['session', 'prompt', 'message', 'thinking', 'tool_use', 'tool_result', 'retry', 'turn'] as const;
/** So many of the last ones are read: what began before them is not told of. */
const mostTold = 100;
/** These leave what is known of a session's container as it was. */
const passing: ReadonlySet<string> = new Set(['interrupted', 'changed']);

const ofSession = z.object({ session: z.string() });
const toolUse = z.object({ toolUseId: z.string(), tool: z.string() });
const toolResult = z.object({ toolUseId: z.string() });

/** What an execution waits for now. `queue`: how many are before it. */
export async function readWait(
  sources: WaitSources,
  row: ExecutionRow,
  { queue, openRequests }: Pick<Known, 'queue' | 'openRequests'>,
): Promise<Wait | null> {
  const { store, inbox, clock } = sources;
  const { id: execution } = row;
  const status = executionStatusSchema.parse(row.status);
  if (isFinal(status)) return null;
  const stop = readStop(row);
  const known = { status, stopping: stop ? stopReason(stop) : null, queue, openRequests, startedAt: row.started_at };
  const [request = null] = openRequests > 0 ? await inbox.listOpen({ execution, limit: 1 }) : [];
  const isBegun = status !== 'starting' && stop === undefined;
  // What is asked of a person comes before what is told in events.
  const isFree = isBegun && request === null;
  const sessions = isBegun ? await readSessions(store, execution, isFree) : [];
  const timers = isFree ? await readTimers(store, execution) : [];
  return waitOf({ ...known, request, sessions, timers }, clock());
}

async function readTimers({ db }: Store, execution: string) {
  const rows = await db
    .selectFrom('timers')
    .select(['kind', 'at'])
    .where('execution', '=', execution)
    .where('kind', 'in', ['sleep', 'step'])
    .orderBy('at')
    .limit(1)
    .execute();
  return rows.map(({ kind, at }) => ({ kind: kind === 'step' ? ('step' as const) : ('sleep' as const), at }));
}

async function readSessions({ db }: Store, execution: string, withEvents: boolean): Promise<KnownSession[]> {
  const rows = await db
    .selectFrom('sessions')
    .select(['id', 'state', 'container', 'turn_prompt', 'queued_at'])
    .where('execution', '=', execution)
    .where('state', 'in', ['starting', 'live', 'hibernating', 'hibernated'])
    .orderBy('id')
    .execute();
  if (rows.length === 0) return [];
  const events = !withEvents
    ? []
    : await db
        .selectFrom('events')
        .select(['seq', 'at', 'kind', 'payload'])
        .where('execution', '=', execution)
        .where('kind', 'in', tellingKinds)
        .orderBy('seq', 'desc')
        .limit(mostTold)
        .execute();
  const told = events.reverse().map((event) => ({
    ...event,
    session: fromJson(ofSession.partial(), event.payload, `Event ${event.seq}`).session,
  }));
  return rows.map(({ id, state, container, turn_prompt, queued_at }) => ({
    state,
    hasContainer: container !== null,
    isWorking: turn_prompt !== null,
    queuedAt: queued_at,
    ...toldOf(told.filter(({ session }) => session === id)),
  }));
}

interface Told {
  readonly seq: number;
  readonly at: string;
  readonly kind: string;
  readonly payload: string;
}

/** What the last events of a session, the oldest first, say of it. */
function toldOf(events: readonly Told[]): Pick<KnownSession, 'told' | 'retry' | 'tools' | 'heardAt'> {
  let told: KnownSession['told'] = null;
  let retry: KnownSession['retry'] = null;
  const tools = new Map<string, { tool: string; at: string }>();
  for (const { seq, at, kind, payload } of events) {
    const where = `Event ${seq}`;
    if (kind === 'retry') {
      retry = { ...fromJson(eventPayloads.retry, payload, where), at };
      continue;
    }
    if (kind === 'session') {
      const { state } = fromJson(eventPayloads.session, payload, where);
      if (!passing.has(state)) told = { state, at };
      continue;
    }
    retry = null;
    if (kind === 'turn') tools.clear();
    if (kind === 'tool_use') {
      const { toolUseId, tool } = fromJson(toolUse, payload, where);
      tools.set(toolUseId, { tool, at });
    }
    if (kind === 'tool_result') tools.delete(fromJson(toolResult, payload, where).toolUseId);
  }
  return { told, retry, tools: [...tools.values()], heardAt: events.at(-1)?.at ?? null };
}
