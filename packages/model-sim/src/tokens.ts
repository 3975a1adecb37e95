import type { UsageOverride } from './answer.ts';
import type { CountRequest } from './messages-request.ts';

/** Token counts in the form of the Messages API. */
export interface Usage {
  readonly input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly cache_creation: { readonly ephemeral_5m_input_tokens: number; readonly ephemeral_1h_input_tokens: number };
  readonly output_tokens: number;
  readonly service_tier: 'standard';
}

/** An estimate that never changes for the same text: four characters a token, at least one. */
export function estimateTokens(text: string): number {
  return Math.max(1, Math.ceil(text.length / 4));
}

/** All input tokens of a request, as `count_tokens` answers. */
export function countTokens(request: CountRequest): number {
  return estimateTokens(prefix(request) + JSON.stringify(request.messages.at(-1)));
}

/**
 * The usage of an answer of `outputTokens`. Everything but the last message counts as cached: written by the first
 * request of a conversation, read by the later ones.
 */
export function usageOf(request: CountRequest, outputTokens: number, override: UsageOverride = {}): Usage {
  const cached = estimateTokens(prefix(request));
  const later = request.messages.some((message) => message.role === 'assistant');
  const written = override.cache_creation_input_tokens ?? (later ? 0 : cached);
  return {
    input_tokens: override.input_tokens ?? estimateTokens(JSON.stringify(request.messages.at(-1))),
    cache_creation_input_tokens: written,
    cache_read_input_tokens: override.cache_read_input_tokens ?? (later ? cached : 0),
    cache_creation: { ephemeral_5m_input_tokens: written, ephemeral_1h_input_tokens: 0 },
    output_tokens: override.output_tokens ?? outputTokens,
    service_tier: 'standard',
  };
}

function prefix(request: CountRequest): string {
  return JSON.stringify([request.system ?? '', request.tools ?? [], request.messages.slice(0, -1)]);
}
