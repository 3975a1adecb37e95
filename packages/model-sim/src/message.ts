import { type Answer, type Block, type ContentBlock, contentBlocks, type StopReason } from './answer.ts';
import type { JsonObject } from './json.ts';
import type { MessagesRequest } from './messages-request.ts';
import { estimateTokens, type Usage, usageOf } from './tokens.ts';

/** A content block of a finished message. */
export type MessageBlock =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'thinking'; readonly thinking: string; readonly signature: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: JsonObject };

/** The body of a `/v1/messages` response that is not streamed. */
export interface Message {
  readonly id: string;
  readonly type: 'message';
  readonly role: 'assistant';
  readonly model: string;
  readonly content: readonly MessageBlock[];
  readonly stop_reason: StopReason;
  readonly stop_sequence: null;
  readonly usage: Usage;
}

/** Makes an answer a message: ids from `newId(prefix)`, a stop reason, and token counts. */
export function composeMessage(request: MessagesRequest, answer: Answer, newId: (prefix: string) => string): Message {
  const content = contentBlocks(answer.blocks).map((block) => composeBlock(block, newId));
  return {
    id: newId('msg_'),
    type: 'message',
    role: 'assistant',
    model: request.model,
    content,
    stop_reason: answer.stopReason ?? stopReason(answer.blocks),
    stop_sequence: null,
    usage: usageOf(request, estimateTokens(JSON.stringify(content)), answer.usage),
  };
}

function stopReason(blocks: readonly Block[]): StopReason {
  return blocks.some((block) => block.type === 'tool_use') ? 'tool_use' : 'end_turn';
}

function composeBlock(block: ContentBlock, newId: (prefix: string) => string): MessageBlock {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text };
    case 'thinking':
      return { type: 'thinking', thinking: block.thinking, signature: signature(block.thinking) };
    case 'tool_use':
      return { type: 'tool_use', id: newId('toolu_'), name: block.name, input: block.input };
  }
}

function signature(thinking: string): string {
  return Buffer.from(`simulated:${thinking.length}:${thinking.slice(0, 24)}`).toString('base64');
}
