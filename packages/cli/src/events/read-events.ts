import { setTimeout as delay } from 'node:timers/promises';
import { listSchema } from '@airlock/protocol/api';
import { AirlockError } from '@airlock/protocol/errors';
import { type Delta, deltaSchema, type Retract, retractSchema } from '@airlock/protocol/events';
import { type ExecutionStatus, executionStatusSchema, isFinal } from '@airlock/protocol/executions';
import * as z from 'zod';
import type { ApiClient } from '../api-client.ts';
import { readSse, type SseMessage } from './sse.ts';

/** A line of a log whose kind may be newer than this command. */
export const loggedSchema = z.object({ seq: z.number(), at: z.string(), kind: z.string(), payload: z.unknown() });
export type Logged = z.infer<typeof loggedSchema>;

/** What somebody who follows an execution is told. After `connected` live text begins again, with all of it so far. */
export type Followed =
  | { readonly type: 'connected' }
  | { readonly type: 'event'; readonly event: Logged }
  | { readonly type: 'delta'; readonly delta: Delta }
  | { readonly type: 'retract'; readonly retract: Retract }
  /** The connection is gone, and is tried again. */
  | { readonly type: 'lost'; readonly problem: unknown };

const pageSchema = listSchema(loggedSchema);
const dataSchema = z.object({ at: z.string(), payload: z.unknown() });
const statusSchema = z.object({ status: executionStatusSchema });

function eventsPath(execution: string): string {
  return `/executions/${encodeURIComponent(execution)}/events`;
}

/** The status in which an execution ended, when this event is the last it writes. */
export function endOf(event: Logged): ExecutionStatus | undefined {
  if (event.kind !== 'status') return undefined;
  const { data } = statusSchema.safeParse(event.payload);
  return data !== undefined && isFinal(data.status) ? data.status : undefined;
}

/** The log as it stands, page by page. */
export async function* storedEvents(api: ApiClient, execution: string): AsyncGenerator<Logged> {
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? '' : `?cursor=${encodeURIComponent(cursor)}`;
    const page: z.infer<typeof pageSchema> = await api.get(`${eventsPath(execution)}${query}`, pageSchema);
    yield* page.items;
    cursor = page.next;
  } while (cursor !== null);
}

export interface FollowOptions {
  readonly signal: AbortSignal;
  /** Milliseconds between two attempts. */
  readonly pauseMs?: number;
  /** Attempts in a row without a new event after which it throws what went wrong. Default 20. */
  readonly patience?: number;
}

/** An answer of the host that no other attempt changes. */
function isFinalRefusal(problem: unknown): boolean {
  return problem instanceof AirlockError && problem.status >= 400 && problem.status < 500;
}

/** Live text is not stored: one that cannot be read is left out. */
function liveOf({ event, data }: SseMessage): Followed | undefined {
  if (event === 'delta') {
    const delta = deltaSchema.safeParse(JSON.parse(data)).data;
    return delta && { type: 'delta', delta };
  }
  const retract = event === 'retract' ? retractSchema.safeParse(JSON.parse(data)).data : undefined;
  return retract && { type: 'retract', retract };
}

/**
 * An execution from its start until it ends, as it goes on. A broken stream is taken up after the last event seen, without
 * loss or repeats, wherever `connect` finds the host then.
 */
export async function* follow(
  connect: () => Promise<ApiClient>,
  execution: string,
  { signal, pauseMs = 500, patience = 20 }: FollowOptions,
): AsyncGenerator<Followed> {
  let lastSeq = 0;
  let attempts = 0;
  while (!signal.aborted) {
    let problem: unknown;
    try {
      const stream = await (await connect()).stream(eventsPath(execution), lastSeq, signal);
      yield { type: 'connected' };
      for await (const message of readSse(stream)) {
        if (message.id === undefined) {
          const live = liveOf(message);
          if (live !== undefined) yield live;
          continue;
        }
        const seq = Number(message.id);
        if (!Number.isSafeInteger(seq) || seq <= lastSeq) continue;
        const event = { seq, kind: message.event, ...dataSchema.parse(JSON.parse(message.data)) };
        [lastSeq, attempts] = [seq, 0];
        yield { type: 'event', event };
        if (endOf(event) !== undefined) return;
      }
    } catch (error) {
      problem = error;
    }
    if (signal.aborted) return;
    attempts += 1;
    const isHopeless = attempts >= patience || lastSeq === 0 || isFinalRefusal(problem);
    if (problem !== undefined && isHopeless) throw problem;
    if (attempts === 1) yield { type: 'lost', problem };
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

/** The stored events alone. */
export async function* followEvents(
  connect: () => Promise<ApiClient>,
  execution: string,
  options: FollowOptions,
): AsyncGenerator<Logged> {
  for await (const followed of follow(connect, execution, options)) {
    if (followed.type === 'event') yield followed.event;
  }
}
