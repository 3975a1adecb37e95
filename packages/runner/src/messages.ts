import type { JsonObject } from '@airlock/protocol/json';
import type { LiveFrame, SessionSpec, SingleFrame } from '@airlock/protocol/wire';
import type { SDKAssistantMessage, SDKMessage, SDKUserMessage } from '@anthropic-ai/claude-agent-sdk';
import { createContextWatch } from './context-use.ts';
import { createOpenMessage, type OpenMessage } from './open-message.ts';
import { createTaskReader } from './tasks.ts';
import { toolResultText } from './tool-result.ts';
import { createTurnReader } from './turn.ts';

/** What a message of the SDK means for the host, in order. */
export type Output =
  | { readonly kind: 'frame'; readonly frame: SingleFrame }
  | { readonly kind: 'delta'; readonly delta: Omit<Extract<LiveFrame, { type: 'delta' }>, 'type'> }
  /** The block's frame follows: its live text is over. */
  | { readonly kind: 'finish'; readonly messageId: string; readonly block: number }
  | { readonly kind: 'retract'; readonly messageId: string };

type Of<T extends SDKMessage['type']> = Extract<SDKMessage, { type: T }>;

/** Translates the SDK's messages, one after the other; does nothing else. */
export function createMessageReader(goesOn?: SessionSpec['putOff']): (message: SDKMessage) => Output[] {
  const turns = createTurnReader(goesOn);
  const tasks = createTaskReader();
  const context = createContextWatch();
  const counts = new Map<string, number>();
  let open: OpenMessage | undefined;

  /** The message being streamed ends here; what of it never became a block is given up. */
  function giveUp(): Output[] {
    const given = open;
    open = undefined;
    return given?.hasUnfinished() ? [{ kind: 'retract', messageId: given.id }] : [];
  }

  function readStream({ event, parent_tool_use_id }: Of<'stream_event'>): Output[] {
    if (parent_tool_use_id !== null) return [];
    switch (event.type) {
      case 'message_start': {
        const given = giveUp();
        open = createOpenMessage(event.message.id);
        return given;
      }
      case 'content_block_start':
        open?.start(event.index, event.content_block.type);
        return [];
      case 'content_block_delta': {
        if (!open) return [];
        const at = { messageId: open.id, block: event.index };
        if (event.delta.type === 'text_delta') return [deltaOf(at, 'text', event.delta.text)];
        if (event.delta.type === 'thinking_delta') return [deltaOf(at, 'thinking', event.delta.thinking)];
        return [];
      }
      default:
        return [];
    }
  }

  function blockIndex(messageId: string, type: string): number {
    const streamed = open?.id === messageId ? open.finish(type) : undefined;
    const counted = counts.get(messageId) ?? 0;
    const index = streamed ?? counted;
    counts.set(messageId, Math.max(counted, index + 1));
    return index;
  }

  function readAssistant(said: SDKAssistantMessage): Output[] {
    const { message, error, parent_tool_use_id: parent } = said;
    const isSynthetic = message.model === '<synthetic>';
    if (isSynthetic && !isOfCommand(said)) return noteText(message.content, error ?? 'the CLI');
    return message.content.flatMap((block): Output[] => {
      const by = parent === null ? {} : { parent };
      const at = { messageId: message.id, block: blockIndex(message.id, block.type), ...by };
      const finish: Output = { kind: 'finish', messageId: at.messageId, block: at.block };
      if (block.type === 'text' && block.text !== '')
        return [finish, frameOf({ type: 'message', ...at, text: block.text })];
      if (block.type === 'thinking' && block.thinking !== '')
        return [finish, frameOf({ type: 'thinking', ...at, text: block.thinking })];
      if (block.type !== 'tool_use') return [finish];
      const input = jsonObject(block.input);
      return [finish, frameOf({ type: 'tool_use', ...at, toolUseId: block.id, tool: block.name, input })];
    });
  }

  function readUser(message: SDKUserMessage): Output[] {
    const { content } = message.message;
    const given = message.parent_tool_use_id === null ? giveUp() : [];
    if (typeof content === 'string') return message.isSynthetic ? [...given, note('The CLI added', content)] : given;
    const results = content.flatMap((block): Output[] => {
      if (block.type === 'tool_result') {
        const { tool_use_id: toolUseId, is_error: isError = false } = block;
        return [frameOf({ type: 'tool_result', toolUseId, isError, ...toolResultText(block.content) })];
      }
      return block.type === 'text' && message.isSynthetic ? [note('The CLI added', block.text)] : [];
    });
    return [...given, ...results];
  }

  function readSystem(message: Of<'system'>): Output[] {
    switch (message.subtype) {
      case 'api_retry': {
        const { attempt, max_retries: maxRetries, retry_delay_ms: delayMs, error_status: status, error } = message;
        return [...giveUp(), frameOf({ type: 'retry', attempt, maxRetries, delayMs, status, error })];
      }
      case 'mirror_error':
        return [note('The transcript is incomplete', message.error)];
      case 'session_writes_lost':
        return [note('The CLI could not write its transcript', 'is its disk full?')];
      case 'compact_boundary': {
        const { pre_tokens: before, post_tokens: after } = message.compact_metadata;
        return [note('Claude has summed up what was said before', `${before} tokens became ${after ?? 'fewer'}`)];
      }
      case 'hook_response': {
        const { hook_name: name, outcome, output } = message;
        return [note(`Hook ${name}`, [outcome, output.trim()].filter((part) => part !== '').join(': '))];
      }
      default:
        return tasks(message).map(frameOf);
    }
  }

  return (message) => {
    context.see(message);
    switch (message.type) {
      case 'stream_event':
        return readStream(message);
      case 'assistant':
        return readAssistant(message);
      case 'user':
        return readUser(message);
      case 'system':
        return readSystem(message);
      case 'result':
        counts.clear();
        return [...giveUp(), frameOf(turns(message, context.at(message)))];
      default:
        return [];
    }
  };
}

function frameOf(frame: SingleFrame): Output {
  return { kind: 'frame', frame };
}

function deltaOf(at: { messageId: string; block: number }, kind: 'text' | 'thinking', text: string): Output {
  return { kind: 'delta', delta: { ...at, kind, text } };
}

function note(what: string, text: string): Output {
  return frameOf({ type: 'note', text: `${what}: ${text.slice(0, 2000)}` });
}

/** What a slash command of the CLI's own prints comes as a message, which no model has written. */
function isOfCommand(message: SDKAssistantMessage): boolean {
  return 'local_command_source' in message;
}

function noteText(content: SDKAssistantMessage['message']['content'], from: string): Output[] {
  return content.flatMap((block) =>
    block.type === 'text' ? [note(`Said by ${from}, not by the model`, block.text)] : [],
  );
}

/** Tool inputs come from JSON: an object is a JSON object. */
function jsonObject(input: unknown): JsonObject {
  return typeof input === 'object' && input !== null && !Array.isArray(input) ? (input as JsonObject) : {};
}
