import { type JsonObject, jsonObjectSchema } from '@airlock/protocol/json';
import type { DownFrame, SingleFrame } from '@airlock/protocol/wire';
import type { HookCallback, HookJSONOutput, Options, PreToolUseHookInput } from '@anthropic-ai/claude-agent-sdk';

type Checked = Extract<DownFrame, { type: 'checked' }>;

/** A call that people are asked about before the CLI decides. */
export interface HeldCall {
  readonly toolUseId: string;
  readonly tool: string;
  readonly input: JsonObject;
  readonly reason?: string;
  /** Whose tool it is, if it is one of an MCP server. */
  readonly mcpServer?: NonNullable<PreToolUseHookInput['mcp_server']>;
}

interface ChecksOptions {
  readonly send: (frame: SingleFrame) => void;
  /** Whether the host has rules. */
  readonly hasRules: boolean;
  /** Asks people about a call; `canUseTool` gives the CLI what they said. `put_off`: the CLI is to end without deciding. */
  readonly hold: (call: HeldCall, signal: AbortSignal) => Promise<'decided' | 'put_off'>;
}

/** Asks the host what its rules say about every call, before the CLI decides, and people about what is asked in any case. */
export interface Checks {
  readonly hooks: NonNullable<Options['hooks']>;
  answer(checked: Checked): void;
}

const question = 'AskUserQuestion';
/** Longer than a call is held. */
const timeoutSeconds = 24 * 24 * 60 * 60;

export function createChecks({ send, hasRules, hold }: ChecksOptions): Checks {
  const open = new Map<string, (checked: Partial<Checked>) => void>();

  async function askRules({ toolUseId, tool, input }: HeldCall, signal: AbortSignal): Promise<Partial<Checked>> {
    try {
      return await new Promise<Partial<Checked>>((resolve) => {
        open.set(toolUseId, resolve);
        signal.addEventListener('abort', () => resolve({}), { once: true });
        send({ type: 'check', toolUseId, tool, input });
      });
    } finally {
      open.delete(toolUseId);
    }
  }

  const check: HookCallback = async (hooked, _id, { signal }) => {
    if (hooked.hook_event_name !== 'PreToolUse') return {};
    const { tool_use_id: toolUseId, tool_name: tool, mcp_server: mcpServer } = hooked;
    const input = jsonObjectSchema.parse(hooked.tool_input);
    const call = { toolUseId, tool, input, ...(mcpServer && { mcpServer }) };
    const { decision, reason = 'A rule of the service says so' } = hasRules ? await askRules(call, signal) : {};
    const isAsked = decision === 'ask' || (decision === undefined && tool === question);
    if (isAsked && canBeHeld(hooked)) {
      const held = decision === undefined ? call : { ...call, reason };
      if ((await hold(held, signal)) === 'put_off') return decided('defer');
    }
    return decision === undefined ? {} : { ...decided(decision, reason) };
  };

  return {
    hooks: {
      PreToolUse: [
        { ...(hasRules ? {} : { matcher: question }), hooks: [check], timeout: timeoutSeconds, onFailure: 'block' },
      ],
    },
    answer: (checked) => open.get(checked.toolUseId)?.(checked),
  };
}

/** A plan is not in the input yet; a call of the service's tools cannot be put off, and one of a sub-agent was never seen to be. */
function canBeHeld({ tool_name: tool, mcp_server: server, agent_id: agent }: PreToolUseHookInput): boolean {
  if (agent !== undefined || tool === 'ExitPlanMode') return false;
  return server === undefined ? !tool.startsWith('mcp__') : server.source !== 'sdk';
}

function decided(permissionDecision: 'allow' | 'ask' | 'deny' | 'defer', reason?: string): HookJSONOutput {
  const why = reason === undefined ? {} : { permissionDecisionReason: reason };
  return { hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision, ...why } };
}
