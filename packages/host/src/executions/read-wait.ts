import { eventPayloads } from '@airlock/protocol/events';
import { executionStatusSchema, isFinal } from '@airlock/protocol/executions';
import type { Wait } from '@airlock/protocol/waits';
import { sql } from 'kysely';
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
const stateSchema = eventPayloads.session.shape.state;
const field = (name: string) => sql<string | null>`payload ->> ${sql.lit(name)}`;
/** What is needed of a payload: what tools were given and gave can be long. */
const parts = [
  field('session').as('session'),
  field('toolUseId').as('toolUseId'),
  field('tool').as('tool'),
  field('state').as('state'),
  sql<string | null>`case kind when 'retry' then payload end`.as('retry'),
] as const;
/** These leave what is known of a session's container as it was. */
const passing: ReadonlySet<string> = new Set(['interrupted', 'changed']);

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
        .select(['seq', 'at', 'kind', ...parts])
        .where('execution', '=', execution)
        .where('kind', 'in', tellingKinds)
        .orderBy('seq', 'desc')
        .limit(mostTold)
        .execute();
  events.reverse();
  return rows.map(({ id, state, container, turn_prompt, queued_at }) => ({
    state,
    hasContainer: container !== null,
    isWorking: turn_prompt !== null,
    queuedAt: queued_at,
    ...toldOf(events.filter(({ session }) => session === id)),
  }));
}

interface Told {
  readonly seq: number;
  readonly at: string;
  readonly kind: string;
  readonly toolUseId: string | null;
  readonly tool: string | null;
  readonly state: string | null;
  readonly retry: string | null;
}

/** What the last events of a session, the oldest first, say of it. */
function toldOf(events: readonly Told[]): Pick<KnownSession, 'told' | 'retry' | 'tools' | 'heardAt'> {
  let told: KnownSession['told'] = null;
  let retry: KnownSession['retry'] = null;
  const tools = new Map<string, { tool: string; at: string }>();
  for (const { seq, at, kind, toolUseId, tool, state, retry: again } of events) {
    if (again !== null) {
      retry = { ...fromJson(eventPayloads.retry, again, `Event ${seq}`), at };
      continue;
    }
    if (kind === 'session') {
      const known = stateSchema.safeParse(state);
      if (known.success && !passing.has(known.data)) told = { state: known.data, at };
      continue;
    }
    retry = null;
    if (kind === 'turn') tools.clear();
    if (kind === 'tool_use' && toolUseId !== null) tools.set(toolUseId, { tool: tool ?? '', at });
    if (kind === 'tool_result' && toolUseId !== null) tools.delete(toolUseId);
  }
  return { told, retry, tools: [...tools.values()], heardAt: events.at(-1)?.at ?? null };
}
