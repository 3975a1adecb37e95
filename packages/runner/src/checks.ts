import { jsonObjectSchema } from '@airlock/protocol/json';
import type { DownFrame, SingleFrame } from '@airlock/protocol/wire';
import type { HookCallback, Options } from '@anthropic-ai/claude-agent-sdk';

type Checked = Extract<DownFrame, { type: 'checked' }>;

/** Asks the host what its rules say about every call, before the CLI decides. */
export interface Checks {
  readonly hooks: NonNullable<Options['hooks']>;
  answer(checked: Checked): void;
}

/** A host may be away for as long as the runner waits for it. */
const timeoutSeconds = 24 * 60 * 60;

export function createChecks(send: (frame: SingleFrame) => void): Checks {
  const open = new Map<string, (checked: Checked) => void>();

  const check: HookCallback = async (input, _id, { signal }) => {
    if (input.hook_event_name !== 'PreToolUse') return {};
    const { tool_use_id: toolUseId, tool_name: tool } = input;
    const call = jsonObjectSchema.parse(input.tool_input);
    const { decision, reason } = await new Promise<Partial<Checked>>((resolve) => {
      open.set(toolUseId, resolve);
      signal.addEventListener('abort', () => resolve({}), { once: true });
      send({ type: 'check', toolUseId, tool, input: call });
    });
    open.delete(toolUseId);
    if (decision === undefined) return {};
    const permissionDecisionReason = reason ?? `A rule of the service says so`;
    return {
      hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: decision, permissionDecisionReason },
    };
  };

  return {
    hooks: { PreToolUse: [{ hooks: [check], timeout: timeoutSeconds, onFailure: 'block' }] },
    answer: (checked) => open.get(checked.toolUseId)?.(checked),
  };
}
