import type { ContextUse } from '@airlock/protocol/facts';
import type { ModelTokens, SessionSpec, SingleFrame } from '@airlock/protocol/wire';
import type { ModelUsage, SDKResultMessage } from '@anthropic-ai/claude-agent-sdk';

type Turn = Extract<SingleFrame, { type: 'turn' }>;
type Resumed = NonNullable<SessionSpec['putOff']>;

/**
 * Turns the SDK's results into turns. The SDK counts tokens since its start; a turn carries its own. `goesOn`: the first is
 * the end of a turn that was put off, of which the CLI knows neither prompt nor beginning.
 */
export function createTurnReader(
  goesOn: SessionSpec['putOff'],
  now: () => number = Date.now,
): (result: SDKResultMessage, context?: ContextUse) => Turn {
  let before: Record<string, ModelUsage> = {};
  let unfinished = goesOn;
  return (result, context) => {
    const resumed = unfinished;
    unfinished = undefined;
    const tokens = Object.entries(result.modelUsage).map(([model, usage]) => tokensSince(model, usage, before[model]));
    before = result.modelUsage;
    return {
      type: 'turn',
      prompt: result.user_message_uuid ?? null,
      ...(result.user_message_uuids === undefined ? {} : { prompts: result.user_message_uuids }),
      ...(isOwnTurn(result) ? { byItself: true } : {}),
      isError: result.is_error,
      subtype: result.subtype,
      terminalReason: result.terminal_reason ?? null,
      apiStatus: result.subtype === 'success' ? (result.api_error_status ?? null) : null,
      text: result.subtype === 'success' ? result.result : result.errors.join('\n'),
      durationMs: result.duration_ms,
      ...(context === undefined ? {} : { context }),
      tokens: tokens.filter(
        (used) => used.inputTokens + used.outputTokens + used.cacheReadTokens + used.cacheWriteTokens > 0,
      ),
      ...(resumed === undefined ? {} : asBegun(resumed, result, now())),
    };
  };
}

function asBegun({ prompt, since }: Resumed, result: SDKResultMessage, now: number): Partial<Turn> {
  if (prompt === undefined) return { byItself: true };
  const durationMs = since === undefined ? result.duration_ms : Math.max(0, now - Date.parse(since));
  return { prompt, prompts: [prompt, ...(result.user_message_uuids ?? [])], durationMs };
}

function isOwnTurn({ user_message_uuid, origin }: SDKResultMessage): boolean {
  return user_message_uuid === undefined && origin !== undefined && origin.kind !== 'human';
}

function tokensSince(model: string, now: ModelUsage, then: ModelUsage | undefined): ModelTokens {
  const since = (field: 'inputTokens' | 'outputTokens' | 'cacheReadInputTokens' | 'cacheCreationInputTokens') =>
    Math.max(0, now[field] - (then?.[field] ?? 0));
  return {
    model,
    inputTokens: since('inputTokens'),
    outputTokens: since('outputTokens'),
    cacheReadTokens: since('cacheReadInputTokens'),
    cacheWriteTokens: since('cacheCreationInputTokens'),
  };
}
