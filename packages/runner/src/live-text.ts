import type { LiveFrame } from '@airlock/protocol/wire';

type Delta = Extract<LiveFrame, { type: 'delta' }>;

/** Text Claude is writing now. Knows how much of each block was sent to the host attached. */
export interface LiveText {
  add(delta: Omit<Delta, 'type'>): void;
  /** The block is finished: its frame carries the text. */
  finish(messageId: string, block: number): void;
  /** The message was given up: its unfinished blocks never come. */
  retract(messageId: string): void;
  /** Forgets everything, without a word: the turn is over. */
  clear(): void;
  /** What was not sent yet, in order; counts as sent from here on. */
  take(): LiveFrame[];
  /** A new host listens, to whom nothing was sent. */
  rewind(): void;
}

interface Block {
  readonly messageId: string;
  readonly block: number;
  readonly kind: Delta['kind'];
  text: string;
  sent: number;
}

export function createLiveText(): LiveText {
  const blocks = new Map<string, Block>();
  let retracted: string[] = [];
  const keyOf = (messageId: string, block: number) => `${block} ${messageId}`;

  function dropMessage(messageId: string): boolean {
    let wasSent = false;
    for (const [key, block] of blocks) {
      if (block.messageId !== messageId) continue;
      wasSent ||= block.sent > 0;
      blocks.delete(key);
    }
    return wasSent;
  }

  return {
    add({ messageId, block, kind, text }) {
      const key = keyOf(messageId, block);
      const known = blocks.get(key);
      if (known) known.text += text;
      else blocks.set(key, { messageId, block, kind, text, sent: 0 });
    },
    finish(messageId, block) {
      blocks.delete(keyOf(messageId, block));
    },
    retract(messageId) {
      if (dropMessage(messageId)) retracted.push(messageId);
    },
    clear() {
      for (const { messageId } of [...blocks.values()]) if (dropMessage(messageId)) retracted.push(messageId);
    },
    take() {
      const frames: LiveFrame[] = retracted.map((messageId) => ({ type: 'retract', messageId }));
      retracted = [];
      for (const live of blocks.values()) {
        if (live.sent === live.text.length) continue;
        const { messageId, block, kind } = live;
        frames.push({ type: 'delta', messageId, block, kind, text: live.text.slice(live.sent) });
        live.sent = live.text.length;
      }
      return frames;
    },
    rewind() {
      retracted = [];
      for (const block of blocks.values()) block.sent = 0;
    },
  };
}
