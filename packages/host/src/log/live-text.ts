import type { Delta, Event, Retract } from '@airlock/protocol/events';

/** Text being written by Claude now, so far; nothing of it is stored. */
export interface LiveText {
  add(delta: Delta): void;
  retract(retract: Retract): void;
  /** Forgets what a stored event replaces. */
  settle(event: Event): void;
  /** Forgets everything of a session whose wire was lost. */
  drop(session: string): Delta[];
  /** One delta per unfinished block, with its text so far. */
  snapshot(): Delta[];
}

export function createLiveText(): LiveText {
  const blocks = new Map<string, Delta>();
  const keyOf = (at: { session: string; messageId: string; block: number }) =>
    `${at.session} ${at.messageId} ${at.block}`;

  function take(matches: (delta: Delta) => boolean): Delta[] {
    const taken = [...blocks].filter(([, delta]) => matches(delta));
    for (const [key] of taken) blocks.delete(key);
    return taken.map(([, delta]) => delta);
  }

  return {
    add(delta) {
      const key = keyOf(delta);
      const known = blocks.get(key);
      blocks.set(key, known ? { ...known, text: known.text + delta.text } : delta);
    },
    retract(retract) {
      take((delta) => delta.session === retract.session && delta.messageId === retract.messageId);
    },
    settle(event) {
      if (event.kind === 'message' || event.kind === 'thinking') blocks.delete(keyOf(event.payload));
      if (event.kind === 'turn') take((delta) => delta.session === event.payload.session);
    },
    drop: (session) => take((delta) => delta.session === session),
    snapshot: () => [...blocks.values()],
  };
}
