import type { Usage } from '@airlock/protocol/usage';
import * as z from 'zod';
import { costMicroUsd } from './prices.ts';

const count = z.number().int().nonnegative().nullish();
const countsSchema = z.object({
  input_tokens: count,
  output_tokens: count,
  cache_read_input_tokens: count,
  cache_creation_input_tokens: count,
  cache_creation: z.object({ ephemeral_1h_input_tokens: count }).nullish(),
});
type Counts = z.infer<typeof countsSchema>;

const messageSchema = z.object({ model: z.string(), usage: countsSchema });
const startSchema = z.object({ message: messageSchema });
const deltaSchema = z.object({ usage: countsSchema });

export interface Metered {
  readonly model: string;
  readonly usage: Usage;
}

/** Adds up what one response used. Later counts replace earlier ones: the API reports them cumulatively. */
export interface Meter {
  /** Takes the data of a `message_start` or `message_delta` event; anything else changes nothing. */
  event(name: string, data: string): void;
  /** Takes the body of a response that was not streamed. */
  message(body: string): void;
  /** What was used as far as known; `undefined` when the model said nothing yet. */
  total(): Metered | undefined;
}

export function createMeter(): Meter {
  let model: string | undefined;
  let counts: Counts = {};

  function add(more: Counts): void {
    const known = Object.entries(more).filter(([, value]) => value !== null && value !== undefined);
    counts = { ...counts, ...Object.fromEntries(known) };
  }

  function addMessage(message: z.infer<typeof messageSchema>): void {
    model = message.model;
    add(message.usage);
  }

  return {
    event(name, data) {
      if (name === 'message_start') {
        const start = parse(startSchema, data);
        if (start) addMessage(start.message);
      } else if (name === 'message_delta') {
        const delta = parse(deltaSchema, data);
        if (delta) add(delta.usage);
      }
    },
    message(body) {
      const message = parse(messageSchema, body);
      if (message) addMessage(message);
    },
    total: () => (model === undefined ? undefined : { model, usage: toUsage(model, counts) }),
  };
}

function parse<T>(schema: z.ZodType<T>, json: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}

function toUsage(model: string, counts: Counts): Usage {
  const inputTokens = counts.input_tokens ?? 0;
  const outputTokens = counts.output_tokens ?? 0;
  const cacheReadTokens = counts.cache_read_input_tokens ?? 0;
  const cacheWriteTokens = counts.cache_creation_input_tokens ?? 0;
  const hourTokens = Math.min(counts.cache_creation?.ephemeral_1h_input_tokens ?? 0, cacheWriteTokens);
  const cost = costMicroUsd(model, { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, hourTokens });
  return { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, costMicroUsd: cost };
}
