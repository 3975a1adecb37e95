import type { Delta, Event, Retract } from '@airlock/protocol/events';

/** Text of one block being written by Claude now; nothing of it is stored. Its identity is the block's. */
export interface LiveBlock extends Readonly<Omit<Delta, 'text'>> {
  /** What followers have been told of it so far. */
  readonly told: string;
}

export interface LiveText {
  /** Returns whether a block began with it. What is beyond the limits is left out: the stored block will show it. */
  add(delta: Delta): boolean;
  retract(retract: Retract): void;
  /** Blocks that a stored event replaces. */
  settledBy(event: Event): readonly LiveBlock[];
  forget(block: LiveBlock): void;
  /** Blocks of a session, for instance of one whose wire was lost. */
  ofSession(session: string): readonly LiveBlock[];
  /** What nobody was told yet, one delta per block; after this everybody was. */
  tell(): Delta[];
  hasUntold(): boolean;
  unfinished(): readonly LiveBlock[];
}

interface Writing extends LiveBlock {
  told: string;
  untold: string;
}

/** A runner is not believed: what it sends live stays in the memory of the host. */
export const maxLiveBlocks = 256;
export const maxLiveLength = 1024 ** 2;

export function createLiveText(): LiveText {
  const blocks = new Map<string, Writing>();

  const those = (matches: (block: Writing) => boolean) => [...blocks.values()].filter(matches);
  const forget = (block: LiveBlock) => void blocks.delete(keyOf(block));

  return {
    add({ text, ...block }) {
      const known = blocks.get(keyOf(block));
      if (known) {
        const room = maxLiveLength - known.told.length - known.untold.length;
        known.untold += text.slice(0, room);
        return false;
      }
      if (blocks.size >= maxLiveBlocks) return false;
      blocks.set(keyOf(block), { ...block, told: '', untold: text.slice(0, maxLiveLength) });
      return true;
    },
    retract({ session, messageId }) {
      for (const block of those((each) => each.session === session && each.messageId === messageId)) forget(block);
    },
    settledBy(event) {
      if (event.kind !== 'message' && event.kind !== 'thinking') return [];
      const block = blocks.get(keyOf(event.payload));
      return block ? [block] : [];
    },
    forget,
    ofSession: (session) => those((block) => block.session === session),
    tell() {
      return those(({ untold }) => untold !== '').map((block) => {
        const { told, untold, ...about } = block;
        block.told = told + untold;
        block.untold = '';
        return { ...about, text: untold };
      });
    },
    hasUntold: () => those(({ untold }) => untold !== '').length > 0,
    unfinished: () => [...blocks.values()],
  };
}

function keyOf({ session, messageId, block }: { session: string; messageId: string; block: number }): string {
  return `${session} ${messageId} ${block}`;
}
