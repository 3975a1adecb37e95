import type { JsonObject } from '@airlock/protocol/json';
import type { HookCallback, Options } from '@anthropic-ai/claude-agent-sdk';

/** Tells Claude of calls a person has changed before they ran: the CLI does not. */
export interface Edits {
  note(toolUseId: string, input: JsonObject): void;
  readonly hooks: NonNullable<Options['hooks']>;
}

export function createEdits(): Edits {
  const edited = new Map<string, JsonObject>();

  /** Both kinds of end of a call. */
  const tell: HookCallback = (input) => {
    if (input.hook_event_name !== 'PostToolUse' && input.hook_event_name !== 'PostToolUseFailure') {
      return Promise.resolve({});
    }
    const changed = edited.get(input.tool_use_id);
    if (!changed) return Promise.resolve({});
    edited.delete(input.tool_use_id);
    const additionalContext = `A person edited this call before allowing it. What ran was: ${JSON.stringify(changed)}`;
    return Promise.resolve({ hookSpecificOutput: { hookEventName: input.hook_event_name, additionalContext } });
  };

  return {
    note: (toolUseId, input) => void edited.set(toolUseId, input),
    hooks: { PostToolUse: [{ hooks: [tell] }], PostToolUseFailure: [{ hooks: [tell] }] },
  };
}
