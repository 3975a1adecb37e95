import type { SDKMessage, SDKUserMessage } from '@anthropic-ai/claude-agent-sdk';
import * as z from 'zod';

/** What is open in a turn beside a call: the CLI can put off a call only when it is the last thing to do. */
export interface OpenCalls {
  /** Takes note of what the CLI says; true when a call has a result that was begun before the CLI was. */
  see(message: SDKMessage): boolean;
  /** The CLI is given something to read. */
  said(uuid: string): void;
  /** Whether everything else that was begun is done: the message is whole, its other calls have results, nothing waits. */
  isOnly(toolUseId: string): boolean;
}

/** What the CLI does with what it was given to read; the SDK passes it on without a type. */
const lifecycleSchema = z.object({
  type: z.literal('command_lifecycle'),
  command_uuid: z.string(),
  state: z.string(),
});

export function createOpenCalls(): OpenCalls {
  const unread = new Set<string>();
  const calls = new Set<string>();
  let isStreaming = false;
  let tasks = 0;

  function seeRead(message: unknown): void {
    const { data } = lifecycleSchema.safeParse(message);
    if (data && data.state !== 'queued') unread.delete(data.command_uuid);
  }

  /** Whether all the results are of calls that were begun here. */
  function seeResults({ message: { content } }: SDKUserMessage): boolean {
    const results = typeof content === 'string' ? [] : content;
    const done = results.flatMap((block) => (block.type === 'tool_result' ? [calls.delete(block.tool_use_id)] : []));
    return done.every((isKnown) => isKnown);
  }

  return {
    see(message) {
      switch (message.type) {
        case 'stream_event':
          if (message.parent_tool_use_id === null) isStreaming = message.event.type !== 'message_stop';
          break;
        case 'assistant':
          for (const block of message.message.content) if (block.type === 'tool_use') calls.add(block.id);
          break;
        case 'user':
          return !seeResults(message);
        case 'result':
          calls.clear();
          break;
        case 'system':
          if (message.subtype === 'background_tasks_changed') tasks = message.tasks.length;
          break;
        default:
          seeRead(message);
      }
      return false;
    },
    said: (uuid) => void unread.add(uuid),
    isOnly: (id) => !isStreaming && tasks === 0 && unread.size === 0 && calls.size === 1 && calls.has(id),
  };
}
