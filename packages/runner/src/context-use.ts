import type { ContextUse } from '@airlock/protocol/facts';
import type { SDKMessage, SDKResultMessage } from '@anthropic-ai/claude-agent-sdk';

/** Follows how much Claude has in mind: what the model was last sent, and what it said to that. */
export interface ContextWatch {
  see(message: SDKMessage): void;
  /** Undefined before the model has said anything, and when the CLI does not say how much fits. */
  at(result: SDKResultMessage): ContextUse | undefined;
}

export function createContextWatch(): ContextWatch {
  let model = '';
  let sent = 0;
  let said = 0;

  return {
    see(message) {
      // A sub-agent has a memory of its own.
      if (message.type !== 'stream_event' || message.parent_tool_use_id !== null) return;
      const { event } = message;
      if (event.type === 'message_start') {
        const { usage } = event.message;
        model = event.message.model;
        sent = usage.input_tokens + (usage.cache_creation_input_tokens ?? 0) + (usage.cache_read_input_tokens ?? 0);
        said = usage.output_tokens;
      }
      if (event.type === 'message_delta') said = event.usage.output_tokens;
    },
    at({ modelUsage }) {
      const window = modelUsage[model]?.contextWindow;
      return sent > 0 && window ? { tokens: sent + said, window } : undefined;
    },
  };
}
