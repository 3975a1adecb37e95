import type { JsonObject } from './json.ts';

/** Where in a streamed block a gate stands: after `piece` pieces have been sent. */
interface GatePoint {
  readonly name: string;
  readonly piece: number;
}

interface TextBlock {
  readonly type: 'text';
  readonly text: string;
  readonly gate?: GatePoint;
}

interface ThinkingBlock {
  readonly type: 'thinking';
  readonly thinking: string;
  readonly gate?: GatePoint;
}

export interface ToolBlock {
  readonly type: 'tool_use';
  readonly name: string;
  readonly input: JsonObject;
  readonly gate?: GatePoint;
}

/** A block the client gets to see. */
export type ContentBlock = TextBlock | ThinkingBlock | ToolBlock;

/** A content block, or a pause between two of them. */
export type Block = ContentBlock | { readonly type: 'gate'; readonly name: string };

export const stopReasons = [
  'end_turn',
  'tool_use',
  'max_tokens',
  'stop_sequence',
  'pause_turn',
  'refusal',
  'model_context_window_exceeded',
] as const;
export type StopReason = (typeof stopReasons)[number];

export interface UsageOverride {
  readonly input_tokens?: number | undefined;
  readonly output_tokens?: number | undefined;
  readonly cache_creation_input_tokens?: number | undefined;
  readonly cache_read_input_tokens?: number | undefined;
}

/** What the model says, before it has ids and token counts. Without a `stopReason` it follows from the blocks. */
export interface Answer {
  readonly blocks: readonly Block[];
  readonly stopReason?: StopReason;
  readonly usage?: UsageOverride;
}

/** An answer of one text block. */
export function textAnswer(text: string): Answer {
  return { blocks: [{ type: 'text', text }] };
}

/** The blocks without the gates between them: what `block: n` in a script counts. */
export function contentBlocks(blocks: readonly Block[]): ContentBlock[] {
  return blocks.filter((block): block is ContentBlock => block.type !== 'gate');
}
