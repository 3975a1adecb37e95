import { deltaSchema, parseEvent, retractSchema } from '@airlock/protocol/events';
import { isFinal } from '@airlock/protocol/executions';
import * as z from 'zod';
import { ApiError } from '../../lib/api-error.ts';
import { now } from '../../lib/clock.ts';
import type { SseEvent } from '../../lib/sse.ts';
import { followEvents } from './event-stream.ts';
import { emptyTimeline, reduceTimeline, type Timeline, type TimelineInput } from './timeline.ts';

export interface TimelineView {
  timeline: Timeline;
  /** Set when the stream will not come back by itself. */
  failure: ApiError | null;
}

const storedSchema = z.object({ at: z.string(), payload: z.unknown() });

/** One server-sent event as an input of the timeline; null for what the panel does not know. */
export function toInput({ id, event, data }: SseEvent, at: string): TimelineInput | null {
  if (id === null) {
    if (event === 'delta') return { type: 'delta', delta: deltaSchema.parse(JSON.parse(data)) };
    if (event === 'retract') return { type: 'retract', retract: retractSchema.parse(JSON.parse(data)) };
    return null;
  }
  const seq = Number(id);
  try {
    const stored = storedSchema.parse(JSON.parse(data));
    return { type: 'event', event: parseEvent({ seq, at: stored.at, kind: event, payload: stored.payload }) };
  } catch {
    return { type: 'unreadable', seq, at, why: `Event ${seq} (${event}) could not be read; reload after an update` };
  }
}

/** Holds one execution's timeline: follows its events and publishes at most once per frame. */
export function createTimelineStore(execution: string) {
  let view: TimelineView = { timeline: emptyTimeline, failure: null };
  let queue: TimelineInput[] = [];
  let frame: number | null = null;
  const listeners = new Set<() => void>();

  const publish = (next: TimelineView): void => {
    if (next.timeline === view.timeline && next.failure === view.failure) return;
    view = next;
    for (const listener of listeners) listener();
  };
  const flush = (): void => {
    if (frame !== null) clearTimeout(frame);
    frame = null;
    const inputs = queue;
    queue = [];
    publish({ ...view, timeline: inputs.reduce(reduceTimeline, view.timeline) });
  };
  // A timer, not an animation frame: those stop in a hidden tab, and its title must go on.
  const enqueue = (input: TimelineInput | null): void => {
    if (input === null) return;
    queue.push(input);
    frame ??= window.setTimeout(flush, 16);
  };

  const start = (): (() => void) => {
    const controller = new AbortController();
    void followEvents(execution, {
      signal: controller.signal,
      lastSeq: () => {
        flush();
        return view.timeline.lastSeq;
      },
      isOver: () => view.timeline.status !== null && isFinal(view.timeline.status),
      onOpen: () => {
        enqueue({ type: 'connected' });
        publish({ ...view, failure: null });
      },
      onEvent: (event) => enqueue(readQuietly(event)),
    }).catch((error: unknown) => {
      if (!controller.signal.aborted) publish({ ...view, failure: ApiError.from(error) });
    });
    return () => {
      controller.abort();
      flush();
    };
  };

  return {
    start,
    get: (): TimelineView => view,
    subscribe(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Live text that cannot be read is left out; the stored block will show it. */
function readQuietly(event: SseEvent): TimelineInput | null {
  try {
    return toInput(event, new Date(now()).toISOString());
  } catch {
    return null;
  }
}
