import { AirlockError } from '@airlock/protocol/errors';
import { type Delta, type Event, type NewEvent, parseEvent, type Retract } from '@airlock/protocol/events';
import { type Fence, type Holder, holderOf, isHeldBy, whyNotHeld } from '../ownership/ownership.ts';
import type { EventsTable } from '../store/schema.ts';
import { statement } from '../store/statement.ts';
import type { Store, Tx } from '../store/store.ts';
import type { LogFrame } from './frames.ts';
import type { LiveBlock } from './live-text.ts';
import { createTopic, type Topic } from './live-topic.ts';
import { realTiming, type Timing } from './timing.ts';

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
  /** Blocks being written now, with what subscribers were told of each. */
  unfinished(execution: string): readonly LiveBlock[];
  /** `onFrame` must not throw. It is told what comes after `unfinished`. */
  subscribe(execution: string, onFrame: (frame: LogFrame) => void): () => void;
}

interface Counting extends Holder {
  readonly execution: string;
  readonly count: number;
}

/** Makes room in the numbers of a log, if this host has the execution. */
const countEvents = statement<Counting, { last_seq: number }>((db, param) =>
  db
    .updateTable('executions')
    .set((eb) => ({ last_seq: eb('last_seq', '+', param('count')) }))
    .where('id', '=', param('execution'))
    .where(isHeldBy(param))
    .returning('last_seq'),
);

const insertEvent = statement<EventsTable, never>(
  (db, param) =>
    db.insertInto('events').values({
      execution: param('execution'),
      seq: param('seq'),
      at: param('at'),
      kind: param('kind'),
      payload: param('payload'),
    }) as never,
);

interface LogOptions {
  /** Appends are refused with `owned_elsewhere` when another host has the execution. */
  readonly fence?: Fence;
  readonly timing?: Timing;
}

export function createLog(store: Store, clock: () => Date, { fence, timing = realTiming }: LogOptions = {}): Log {
  const topics = new Map<string, Topic>();

  function topicOf(execution: string): Topic {
    const known = topics.get(execution);
    if (known) return known;
    const topic = createTopic(timing);
    topics.set(execution, topic);
    return topic;
  }

  /** Does something with a topic, if somebody follows the execution or something of it is being written. */
  function withTopic(execution: string, use: (topic: Topic) => void): void {
    const topic = topics.get(execution);
    if (!topic) return;
    use(topic);
    if (topic.isIdle()) topics.delete(execution);
  }

  return {
    async append(tx, execution, events) {
      if (events.length === 0) return [];
      const counting = { execution, count: events.length, ...holderOf(fence, execution) };
      const [updated] = await tx.run(countEvents, counting);
      if (!updated) throw await whyNotHeld(tx, execution);
      const { last_seq } = updated;
      const at = clock().toISOString();
      const appended = events.map((event, i) => ({ ...event, seq: last_seq - events.length + 1 + i, at }) as Event);
      for (const { seq, kind, payload } of appended) {
        await tx.run(insertEvent, { execution, seq, at, kind, payload: JSON.stringify(payload) });
      }
      tx.afterCommit(() => withTopic(execution, (topic) => topic.publish(appended)));
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
      const events = rows.map((row) => readRow(execution, row));
      withTopic(execution, (topic) => events.forEach(topic.settle));
      return events;
    },

    live: (execution, delta) => topicOf(execution).add(delta),
    retract: (execution, retracted) => withTopic(execution, (topic) => topic.retract(retracted)),
    retractSession: (execution, session) => withTopic(execution, (topic) => topic.retractSession(session)),
    unfinished: (execution) => topics.get(execution)?.unfinished() ?? [],

    subscribe(execution, onFrame) {
      const unsubscribe = topicOf(execution).subscribe(onFrame);
      return () => {
        unsubscribe();
        withTopic(execution, () => undefined);
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
