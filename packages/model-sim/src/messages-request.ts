import * as z from 'zod';
import type { JsonObject } from './json.ts';

const blockSchema = z.looseObject({ type: z.string() });
const contentSchema = z.union([z.string(), z.array(blockSchema)]);

const messageSchema = z.looseObject({ role: z.enum(['user', 'assistant', 'system']), content: contentSchema });

const countSchema = z.looseObject({
  model: z.string().min(1),
  messages: z.array(messageSchema).min(1),
  system: z.union([z.string(), z.array(blockSchema)]).optional(),
  tools: z.array(z.looseObject({ name: z.string().optional() })).optional(),
  thinking: z.looseObject({ type: z.string() }).optional(),
  output_config: z.looseObject({ format: z.looseObject({ type: z.string() }).optional() }).optional(),
});

const requestSchema = countSchema.extend({ max_tokens: z.int().min(1), stream: z.boolean().optional() });

/** A message of the conversation as the client sends it. */
export type InputMessage = z.infer<typeof messageSchema>;

/** The parts of a block that the simulator looks at. */
export type InputBlock = z.infer<typeof blockSchema>;

/** The body of `POST /v1/messages/count_tokens`. */
export type CountRequest = z.infer<typeof countSchema>;

/** The body of `POST /v1/messages`. */
export type MessagesRequest = z.infer<typeof requestSchema>;

/** A parsed request, or why the API would call it invalid. */
export type Parsed<Request> =
  | { readonly ok: true; readonly request: Request }
  | { readonly ok: false; readonly problem: string };

/** The content of a message as blocks: a string is one text block. */
export function blocksOf(content: string | readonly InputBlock[]): readonly InputBlock[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

/** Checks a body for `POST /v1/messages`, and that every tool call has its result in the message that follows. */
export function parseMessagesRequest(body: JsonObject): Parsed<MessagesRequest> {
  const parsed = check(requestSchema, body);
  if (!parsed.ok) return parsed;
  const problem = missingToolResult(parsed.request.messages);
  return problem === undefined ? parsed : { ok: false, problem };
}

/** Checks a body for `POST /v1/messages/count_tokens`. */
export function parseCountRequest(body: JsonObject): Parsed<CountRequest> {
  return check(countSchema, body);
}

function check<Request>(schema: z.ZodType<Request>, body: JsonObject): Parsed<Request> {
  const result = schema.safeParse(body);
  if (result.success) return { ok: true, request: result.data };
  const issue = result.error.issues[0];
  return { ok: false, problem: `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'invalid'}` };
}

function missingToolResult(messages: readonly InputMessage[]): string | undefined {
  const turns = messages.filter((message) => message.role !== 'system');
  for (const [index, message] of turns.entries()) {
    if (message.role !== 'assistant') continue;
    const calls = blocksOf(message.content).filter((block) => block.type === 'tool_use');
    const next = turns[index + 1];
    const results = next?.role === 'user' ? blocksOf(next.content) : [];
    const answered = new Set(results.map((block) => block.tool_use_id));
    const missing = calls.find((call) => !answered.has(call.id));
    if (missing !== undefined) {
      return `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${String(missing.id)}`;
    }
  }
  return undefined;
}
