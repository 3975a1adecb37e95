import type { Delta, Event, Retract } from '@airlock/protocol/events';
import { eventFrame, type LogFrame, liveFrame, retractFrame } from './frames.ts';
import { createLiveText, type LiveBlock } from './live-text.ts';
import type { Timing } from './timing.ts';

/** Live text is gathered for this long, so that a frame carries many tokens. */
export const gatherMs = 100;

/**
 * What those who follow one execution are told.
 *
 * G1. The first text after a silence, and the first of a block, is told at once; what follows is gathered.
 * G2. In any `gatherMs` at most three frames of live text are told, beside those that G3 asks for.
 * G3. All text of a block is told before the stored event that settles it, and none after.
 * G4. Text told since a subscriber came, after what `unfinished` said then, is each block's text without gap or repeat.
 * G5. What is given up (retracted, its wire lost, its turn over) is told as a retract, and never told again.
 */
export interface Topic {
  add(delta: Delta): void;
  retract(retract: Retract): void;
  retractSession(session: string): void;
  /** Tells of events that are stored. */
  publish(events: readonly Event[]): void;
  /** What was read from the store before it was published is no longer live. */
  settle(event: Event): void;
  subscribe(onFrame: (frame: LogFrame) => void): () => void;
  /** Blocks being written, with what was told of each. */
  unfinished(): readonly LiveBlock[];
  /** Nobody follows and nothing is being written. */
  isIdle(): boolean;
}

export function createTopic(timing: Timing): Topic {
  const subscribers = new Set<(frame: LogFrame) => void>();
  const live = createLiveText();
  /** Set while text is gathered. One block that begins meanwhile is told at once, later ones are not. */
  let gathering: { early: boolean } | undefined;

  function send(frame: LogFrame): void {
    for (const subscriber of subscribers) subscriber(frame);
  }

  function tell(): void {
    const deltas = live.tell();
    if (deltas.length > 0 && subscribers.size > 0) send(liveFrame(deltas));
  }

  function gather(): void {
    gathering = { early: false };
    timing.after(gatherMs, () => {
      gathering = undefined;
      if (!live.hasUntold()) return;
      tell();
      gather();
    });
  }

  function retract(retracted: Retract): void {
    live.retract(retracted);
    if (subscribers.size > 0) send(retractFrame(retracted));
  }

  function retractSession(session: string): void {
    const messages = new Map(live.ofSession(session).map((block) => [block.messageId, block]));
    for (const { session: id, messageId } of messages.values()) retract({ session: id, messageId });
  }

  function settle(event: Event): void {
    const settled = live.settledBy(event);
    if (settled.length > 0 && live.hasUntold()) tell();
    for (const block of settled) live.forget(block);
  }

  return {
    add(delta) {
      const isNew = live.add(delta);
      if (subscribers.size === 0) tell();
      else if (!gathering) {
        tell();
        gather();
      } else if (isNew && !gathering.early) {
        gathering.early = true;
        tell();
      }
    },
    retract,
    retractSession,
    publish(events) {
      for (const event of events) {
        settle(event);
        if (event.kind === 'turn') retractSession(event.payload.session);
        if (subscribers.size > 0) send(eventFrame(event));
      }
    },
    settle,
    subscribe(onFrame) {
      subscribers.add(onFrame);
      return () => void subscribers.delete(onFrame);
    },
    unfinished: live.unfinished,
    isIdle: () => subscribers.size === 0 && live.unfinished().length === 0,
  };
}
