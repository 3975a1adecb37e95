import type { Delta, Retract } from '@airlock/protocol/events';
import { plain, plainLine } from '../plain.ts';

/** Where live text goes. */
export interface LiveSink {
  /** Goes on with the text in progress. It is safe to print. */
  stream(text: string): void;
  /** The text in progress is over. */
  endStream(): void;
  /** Shows one line until the next one; '' for none. */
  peek(text: string): void;
  /** The text in progress, of which something was shown, is given up. */
  giveUp(): void;
}

type Block = Pick<Delta, 'session' | 'messageId' | 'block'>;

interface Live extends Block {
  readonly kind: Delta['kind'];
  text: string;
  /** Characters of it that were shown. */
  shown: number;
  /** Its next piece is all of it so far. */
  again: boolean;
}

const keyOf = ({ session, messageId, block }: Block) => `${session} ${messageId} ${block}`;
const peekWidth = 4_000;

/** Text up to where it can be cut: not within a character, nor within an end of line. */
function safeEnd(text: string): number {
  return /[\r\ud800-\udbff]$/.test(text) ? text.length - 1 : text.length;
}

/**
 * Text as Claude writes it, one block at a time: others wait until they are stored, or the one in progress has ended.
 *
 * A11. A stored block is shown once: what live text showed of it is not shown again.
 * A12. What is given up or differs from what is stored is said to be given up, if anything of it was shown.
 */
export function createLiveText(sink: LiveSink) {
  const blocks = new Map<string, Live>();
  /** The one whose text is being shown. */
  let current: Live | undefined;

  function advance(live: Live): void {
    const end = safeEnd(live.text);
    if (end > live.shown) sink.stream(plain(live.text.slice(live.shown, end)));
    live.shown = Math.max(live.shown, end);
  }

  function drop(live: Live): void {
    blocks.delete(keyOf(live));
    if (live.kind === 'thinking') sink.peek('');
    if (current !== live) return;
    current = undefined;
    if (live.shown === 0) return;
    sink.endStream();
    sink.giveUp();
  }

  /** A new connection tells all of a block once more; what was shown stays when it begins with that. */
  function retell(live: Live, text: string): void {
    live.again = false;
    if (current === live && !text.startsWith(live.text.slice(0, live.shown))) {
      sink.endStream();
      sink.giveUp();
      live.shown = 0;
    }
    live.text = text;
  }

  return {
    delta(delta: Delta): void {
      const key = keyOf(delta);
      const { session, messageId, block, kind } = delta;
      const live = blocks.get(key) ?? { session, messageId, block, kind, text: '', shown: 0, again: false };
      blocks.set(key, live);
      if (live.again) retell(live, delta.text);
      else live.text += delta.text;
      if (kind === 'thinking') {
        sink.peek(plainLine(live.text.slice(-peekWidth), peekWidth));
        return;
      }
      sink.peek('');
      current ??= live;
      if (current === live) advance(live);
    },

    /** A block is stored. True when live text has shown all of it, and nothing is left to show. */
    settle(block: Block, text: string): boolean {
      const live = blocks.get(keyOf(block));
      if (live === undefined) return false;
      if (current !== live || live.shown === 0 || !text.startsWith(live.text.slice(0, live.shown))) {
        drop(live);
        return false;
      }
      live.text = text;
      sink.stream(plain(text.slice(live.shown)));
      sink.endStream();
      blocks.delete(keyOf(live));
      current = undefined;
      return true;
    },

    retract({ session, messageId }: Retract): void {
      for (const live of [...blocks.values()]) {
        if (live.session === session && live.messageId === messageId) drop(live);
      }
    },

    /** The stream was taken up again. */
    connected(): void {
      for (const live of blocks.values()) live.again = true;
    },

    /** Nothing more comes of what is in progress: in a session, or at all. */
    end(session?: string): void {
      for (const live of [...blocks.values()]) if (session === undefined || live.session === session) drop(live);
    },
  };
}
export type LiveText = ReturnType<typeof createLiveText>;
