import type { SingleFrame, UpFrame } from '@airlock/protocol/wire';
import type { Output } from './messages.ts';

/*
 * What people are shown of a conversation, and the transcript Claude remembers it by, kept together.
 *
 * M1. What is shown of a message goes up in one frame with the transcript entry that holds the message.
 * M2. What is shown goes up in the order it came.
 * M3. An entry that is not written delays what it belongs to by `holdMs`, it does not stop it; while a message is streamed,
 *     which is live text already and written when it is whole, it is waited for.
 * M4. When the CLI was killed, what waits for an entry is not shown: the next one does not remember it, and says it anew.
 */

type Transcript = Extract<SingleFrame, { type: 'transcript' }>;

export interface Mirror {
  /** Takes what a message means; it waits for the transcript entry of this uuid, if one is given. */
  add(outputs: readonly Output[], uuid?: string): void;
  /** Whether a message is begun and not whole. */
  streams(isStreaming: boolean): void;
  /** The CLI has written these entries of its transcript. */
  wrote(transcript: Transcript): void;
  /** Sends whatever waits. */
  flush(): void;
  /** Forgets whatever waits. */
  drop(): void;
}

export interface MirrorOptions {
  readonly push: (frame: UpFrame) => void;
  /** Does what an output that is no frame means. */
  readonly apply: (output: Exclude<Output, { kind: 'frame' }>) => void;
  /** Longest an output waits while the CLI says nothing, and an ask in any case. */
  readonly holdMs: number;
}

interface Held {
  readonly output: Exclude<Output, { kind: 'delta' }>;
  readonly uuid: string | undefined;
}

/** Entries written before their message came; few are, and only the latest can be waited for. */
const rememberedEntries = 256;

export function createMirror({ push, apply, holdMs }: MirrorOptions): Mirror {
  const held: Held[] = [];
  const early = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let isAsking = false;
  let isStreaming = false;

  function hold(item: Held): void {
    held.push(item);
    if (item.output.kind === 'frame' && item.output.frame.type === 'ask') isAsking = true;
    timer ??= setTimeout(overdue, holdMs);
  }

  function overdue(): void {
    if (isStreaming && !isAsking) timer?.refresh();
    else flush();
  }

  /** The CLI said something: what waits may wait on, unless a person is waited for. */
  function heard(): void {
    if (!isAsking) timer?.refresh();
  }

  /** Takes the first `count` that wait, and with them those behind that wait for nothing themselves. */
  function release(count: number): SingleFrame[] {
    const frames: SingleFrame[] = [];
    let end = count;
    while (end < held.length && held[end]?.uuid === undefined) end += 1;
    for (const { output } of held.splice(0, end)) {
      if (output.kind === 'frame') frames.push(output.frame);
      else apply(output);
    }
    if (held.length === 0) rest();
    return frames;
  }

  function rest(): void {
    clearTimeout(timer);
    timer = undefined;
    isAsking = false;
  }

  function flush(): void {
    for (const frame of release(held.length)) push(frame);
  }

  function remember(uuids: ReadonlySet<string>): void {
    for (const uuid of uuids) early.add(uuid);
    for (const uuid of early) {
      if (early.size <= rememberedEntries) return;
      early.delete(uuid);
    }
  }

  return {
    add(outputs, uuid) {
      heard();
      const isWritten = uuid === undefined || early.delete(uuid);
      for (const output of outputs) {
        if (output.kind === 'delta') apply(output);
        else if (held.length > 0 || !isWritten) hold({ output, uuid: isWritten ? undefined : uuid });
        else if (output.kind === 'frame') push(output.frame);
        else apply(output);
      }
    },
    streams(now) {
      isStreaming = now;
    },
    wrote(transcript) {
      heard();
      const uuids = uuidsOf(transcript);
      const last = held.findLastIndex(({ uuid }) => uuid !== undefined && uuids.has(uuid));
      if (last === -1) remember(uuids);
      const shown = last === -1 ? [] : release(last + 1);
      push(shown.length === 0 ? transcript : { type: 'batch', frames: [transcript, ...shown] });
    },
    flush,
    drop() {
      held.length = 0;
      rest();
    },
  };
}

function uuidsOf({ entries }: Transcript): ReadonlySet<string> {
  const uuids = entries.map((entry) =>
    typeof entry === 'object' && entry !== null && 'uuid' in entry ? entry.uuid : undefined,
  );
  return new Set(uuids.filter((uuid) => typeof uuid === 'string'));
}
