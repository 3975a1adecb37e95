import type { Assign, Assignee } from '@airlock/protocol/assign';
import type { ErrorBody } from '@airlock/protocol/errors';
import type { EventPayload, Shown } from '@airlock/protocol/events';
import type { TaskStep } from '@airlock/protocol/facts';
import type { Id } from '@airlock/protocol/ids';
import type { Json, JsonObject } from '@airlock/protocol/json';
import type { askSchemas, SessionAsk } from '@airlock/protocol/requests';
import type * as z from 'zod';

/** What a request asks; of a form the elements, of a session's request the SDK's ask. */
export type Ask = z.infer<typeof askSchemas.form> | SessionAsk;

/** How a request ended. */
export interface Ending {
  outcome: 'answered' | 'expired' | 'withdrawn';
  at: string;
  by: string | null;
  inputs: JsonObject | null;
}

/** What a request asks, and of whom. */
export interface Opened {
  request: Id;
  session: Id | null;
  ask: Ask;
  expiresAt: string | null;
  /** Null: only the owner of the execution and administrators may answer. */
  assign: Assign | null;
  /** Who handed it on last. */
  handed: { by: string | null; to: Assignee | null; note: string | null } | null;
  /** How often people were reminded. */
  reminders: number;
}

export interface ToolOutcome {
  isError: boolean;
  text: string;
  truncated: boolean;
}

interface Call {
  toolUseId: string;
  tool: string;
  input: JsonObject;
  outcome: ToolOutcome | null;
}

/** `parent`: the tool call that began the sub-agent it is of; null when it is Claude's own. */
type Body =
  | { kind: 'prompt'; session: Id; text: string; by: string | null }
  | { kind: 'message' | 'thinking'; session: Id; text: string; parent: string | null }
  | ({ kind: 'tool'; session: Id; parent: string | null } & Call)
  | { kind: 'task'; session: Id; task: TaskStep }
  | { kind: 'session'; session: Id; state: EventPayload<'session'>['state']; detail: string }
  | { kind: 'retry'; session: Id | null; retry: EventPayload<'retry'> }
  | ({ kind: 'request'; ending: Ending | null } & Opened)
  | { kind: 'shown'; shown: Shown }
  | { kind: 'final'; shown: Shown }
  | { kind: 'agent'; body: Json }
  | { kind: 'upload'; files: EventPayload<'upload'>['files'] }
  | { kind: 'error'; error: ErrorBody };

/** One thing in the conversation. `key` is stable from the first live character to the stored block. */
export type Item = { key: string; seq: number; at: string } & Body;
export type ItemOf<K extends Item['kind']> = Extract<Item, { kind: K }>;

/** Text being written now; the stored block of the same key replaces it. */
export interface LiveBlock {
  key: string;
  session: Id;
  messageId: string;
  kind: 'message' | 'thinking';
  text: string;
}

/** A line of the log that is not part of the conversation. */
export interface LogLine {
  seq: number;
  at: string;
  source: 'debug' | 'stdout' | 'stderr' | 'panel';
  text: string;
}

export function blockKey(block: { session: string; messageId: string; block: number }): string {
  return `${block.session}/${block.messageId}/${block.block}`;
}

/** Replaces the newest item that fits; when none does, nothing changes. */
export function changeItem(
  items: readonly Item[],
  pick: (item: Item) => boolean,
  to: (item: Item) => Item,
): readonly Item[] {
  const place = items.findLastIndex(pick);
  const item = items[place];
  return item ? items.with(place, to(item)) : items;
}
