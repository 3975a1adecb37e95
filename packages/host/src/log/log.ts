import { AirlockError } from '@airlock/protocol/errors';
import { type Delta, type Event, type NewEvent, parseEvent, type Retract } from '@airlock/protocol/events';
import { type Fence, isHeld, whyNotHeld } from '../ownership/ownership.ts';
import type { Store, Tx } from '../store/store.ts';
import { createLiveText, type LiveText } from './live-text.ts';

/** What subscribers get. `sse` is the frame as it goes to browsers, made once for all of them. */
export type LogFrame =
  | { readonly kind: 'event'; readonly event: Event; readonly sse: string }
  | { readonly kind: 'delta'; readonly delta: Delta; readonly sse: string }
  | { readonly kind: 'retract'; readonly retract: Retract; readonly sse: string };

export interface Log {
  /** Appends in the caller's write; subscribers hear of it after the commit. */
  append(tx: Tx, execution: string, events: readonly NewEvent[]): Promise<Event[]>;
  /** Stored events after `after`, oldest first. A row that cannot be read is named in the error, never skipped. */
  read(execution: string, after: number, limit: number): Promise<Event[]>;
  /** Live text: to those who listen now, stored nowhere. */
  live(execution: string, delta: Delta): void;
  retract(execution: string, retract: Retract): void;
  /** Takes back all live text of a session, for instance when its wire was lost. */
  retractSession(execution: string, session: string): void;
  /** `onFrame` must not throw. Live text so far is handed over at once, as deltas. */
  subscribe(execution: string, onFrame: (frame: LogFrame) => void): () => void;
}

interface Topic {
  readonly subscribers: Set<(frame: LogFrame) => void>;
  readonly live: LiveText;
}

interface LogOptions {
  /** Appends are refused with `owned_elsewhere` when another host has the execution. */
  readonly fence?: Fence;
}

export function createLog(store: Store, clock: () => Date, { fence }: LogOptions = {}): Log {
  const topics = new Map<string, Topic>();

  function topicOf(execution: string): Topic {
    const known = topics.get(execution);
    if (known) return known;
    const topic: Topic = { subscribers: new Set(), live: createLiveText() };
    topics.set(execution, topic);
    return topic;
  }

  function forgetIfIdle(execution: string, topic: Topic): void {
    if (topic.subscribers.size === 0 && topic.live.snapshot().length === 0) topics.delete(execution);
  }

  function send(topic: Topic, frame: LogFrame): void {
    for (const subscriber of topic.subscribers) subscriber(frame);
  }

  function publish(execution: string, events: readonly Event[]): void {
    const topic = topics.get(execution);
    if (!topic) return;
    for (const event of events) {
      topic.live.settle(event);
      if (topic.subscribers.size > 0) send(topic, { kind: 'event', event, sse: toSse(event) });
    }
    forgetIfIdle(execution, topic);
  }

  function retract(execution: string, retracted: Retract): void {
    const topic = topics.get(execution);
    if (!topic) return;
    topic.live.retract(retracted);
    send(topic, { kind: 'retract', retract: retracted, sse: sseFrame('retract', retracted) });
    forgetIfIdle(execution, topic);
  }

  return {
    async append(tx, execution, events) {
      if (events.length === 0) return [];
      const updated = await tx.db
        .updateTable('executions')
        .set((eb) => ({ last_seq: eb('last_seq', '+', events.length) }))
        .where('id', '=', execution)
        .where(isHeld(fence, execution))
        .returning('last_seq')
        .executeTakeFirst();
      if (!updated) throw await whyNotHeld(tx, execution);
      const { last_seq } = updated;
      const at = clock().toISOString();
      const appended = events.map((event, i) => ({ ...event, seq: last_seq - events.length + 1 + i, at }) as Event);
      await tx.db
        .insertInto('events')
        .values(
          appended.map(({ seq, kind, payload }) => ({ execution, seq, at, kind, payload: JSON.stringify(payload) })),
        )
        .execute();
      tx.afterCommit(() => publish(execution, appended));
      return appended;
    },

    async read(execution, after, limit) {
      const rows = await store.db
        .selectFrom('events')
        .selectAll()
        .where('execution', '=', execution)
        .where('seq', '>', after)
        .orderBy('seq')
        .limit(limit)
        .execute();
      return rows.map((row) => readRow(execution, row));
    },

    live(execution, delta) {
      const topic = topicOf(execution);
      topic.live.add(delta);
      if (topic.subscribers.size > 0) send(topic, { kind: 'delta', delta, sse: sseFrame('delta', delta) });
    },

    retract,

    retractSession(execution, session) {
      const dropped = topics.get(execution)?.live.drop(session) ?? [];
      for (const messageId of new Set(dropped.map((delta) => delta.messageId))) {
        retract(execution, { session: dropped[0]?.session ?? (session as Retract['session']), messageId });
      }
    },

    subscribe(execution, onFrame) {
      const topic = topicOf(execution);
      for (const delta of topic.live.snapshot()) onFrame({ kind: 'delta', delta, sse: sseFrame('delta', delta) });
      topic.subscribers.add(onFrame);
      return () => {
        topic.subscribers.delete(onFrame);
        forgetIfIdle(execution, topic);
      };
    },
  };
}

function readRow(execution: string, row: { seq: number; at: string; kind: string; payload: string }): Event {
  try {
    return parseEvent({ ...row, payload: JSON.parse(row.payload) });
  } catch (cause) {
    throw new AirlockError('store_unusable', `Event ${row.seq} of execution ${execution} cannot be read`, { cause });
  }
}

/** A stored event as an SSE frame. */
export function toSse(event: Event): string {
  return `id: ${event.seq}\n${sseFrame(event.kind, { at: event.at, payload: event.payload })}`;
}

function sseFrame(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
