import { type Answer, textAnswer } from './answer.ts';
import type { Conversation } from './conversation.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';
import type { MessagesRequest } from './messages-request.ts';

const compaction =
  /^(?:CRITICAL: Respond with TEXT ONLY|Your task is to create a detailed summary of (?:the|this) conversation)/;

/** Whether the CLI asks for something of its own: a title, a topic, a summary. Scripts never see such requests. */
export function isSideRequest(request: MessagesRequest, talk: Conversation, fromCli: boolean): boolean {
  if (request.output_config?.format !== undefined || request.max_tokens <= 16) return true;
  if (compaction.test(talk.prompt)) return true;
  return fromCli && (request.tools ?? []).length === 0 && request.thinking === undefined;
}

/** Answers a side request: JSON in the form asked for, a summary, or a short line of text. */
export function sideAnswer(request: MessagesRequest, talk: Conversation): Answer {
  const schema = request.output_config?.format?.schema;
  if (isJsonObject(schema)) return textAnswer(JSON.stringify(fillSchema(schema, title(talk.prompt))));
  if (compaction.test(talk.prompt)) {
    return textAnswer(
      `<summary>\nThe person began with: ${talk.firstPrompt}\nTurns so far: ${talk.turn - 1}.\n</summary>`,
    );
  }
  return textAnswer(title(talk.prompt));
}

/** The first words of what is asked about, without the tags the CLI puts around it. */
function title(prompt: string): string {
  const inner = /<session>\s*([\s\S]*?)\s*<\/session>/.exec(prompt)?.[1] ?? prompt;
  const words = inner
    .replace(/[^\p{L}\p{N}\s'-]/gu, ' ')
    .trim()
    .split(/\s+/);
  const text = words.slice(0, 6).join(' ').slice(0, 60);
  return text === '' ? 'Simulated conversation' : text.charAt(0).toUpperCase() + text.slice(1);
}

/** The smallest value a JSON schema allows, with `text` for its strings. */
function fillSchema(schema: JsonObject, text: string): Json {
  const choices = schema.enum;
  if (Array.isArray(choices)) return choices[0] ?? null;
  if (schema.const !== undefined) return schema.const;
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case 'object':
      return fillObject(schema.properties, text);
    case 'array':
      return [];
    case 'boolean':
      return false;
    case 'number':
    case 'integer':
      return 0;
    case 'null':
      return null;
    default:
      return text;
  }
}

function fillObject(properties: unknown, text: string): JsonObject {
  if (!isJsonObject(properties)) return {};
  return Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [key, isJsonObject(value) ? fillSchema(value, text) : text]),
  );
}
