import { setTimeout as delay } from 'node:timers/promises';
import { listSchema } from '@airlock/protocol/api';
import { executionStatusSchema, isFinal } from '@airlock/protocol/executions';
import * as z from 'zod';
import type { ApiClient } from '../api-client.ts';
import { readSse } from './sse.ts';

/** A line of a log whose kind may be newer than this command. */
export const loggedSchema = z.object({ seq: z.number(), at: z.string(), kind: z.string(), payload: z.unknown() });
export type Logged = z.infer<typeof loggedSchema>;

const pageSchema = listSchema(loggedSchema);
const dataSchema = z.object({ at: z.string(), payload: z.unknown() });
const statusSchema = z.object({ status: executionStatusSchema });

function eventsPath(execution: string): string {
  return `/executions/${encodeURIComponent(execution)}/events`;
}

/** Whether this event is the last an execution writes. */
function isLast(event: Logged): boolean {
  if (event.kind !== 'status') return false;
  const { data } = statusSchema.safeParse(event.payload);
  return data !== undefined && isFinal(data.status);
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

const patience = 20;

/**
 * The log from its start until the execution ends, as it is written. A broken stream is taken up after the last event
 * seen, without loss or repeats; after 20 attempts in a row without a new event it throws what went wrong.
 */
export async function* followEvents(
  api: ApiClient,
  execution: string,
  signal: AbortSignal,
  pauseMs = 500,
): AsyncGenerator<Logged> {
  let lastSeq = 0;
  let attempts = 0;
  while (!signal.aborted) {
    let problem: unknown;
    try {
      for await (const message of readSse(await api.stream(eventsPath(execution), lastSeq, signal))) {
        if (message.id === undefined) continue;
        const seq = Number(message.id);
        if (!Number.isSafeInteger(seq) || seq <= lastSeq) continue;
        const event = { seq, kind: message.event, ...dataSchema.parse(JSON.parse(message.data)) };
        [lastSeq, attempts] = [seq, 0];
        yield event;
        if (isLast(event)) return;
      }
    } catch (error) {
      problem = error;
    }
    if (signal.aborted) return;
    attempts += 1;
    if (problem !== undefined && (attempts >= patience || lastSeq === 0)) throw problem;
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}
