import type { InputMessage, MessagesRequest } from '../messages-request.ts';

/** A request with the tools the canned answers know. */
export function request(messages: readonly InputMessage[], more: Partial<MessagesRequest> = {}): MessagesRequest {
  const tools = ['Bash', 'Read', 'Write', 'AskUserQuestion'].map((name) => ({ name }));
  return { model: 'claude-test', max_tokens: 1000, messages: [...messages], tools, ...more };
}

/** The person says something. */
export function said(...texts: string[]): InputMessage {
  return { role: 'user', content: texts.map((text) => ({ type: 'text', text })) };
}

/** The model calls tools, after a text. */
export function called(text: string, ...tools: string[]): InputMessage {
  const calls = tools.map((name) => ({ type: 'tool_use', id: `id-${name}`, name, input: {} }));
  return { role: 'assistant', content: [{ type: 'text', text }, ...calls] };
}

/** A tool answers. */
export function result(tool: string, text: string, failed = false): InputMessage {
  return {
    role: 'user',
    content: [{ type: 'tool_result', tool_use_id: `id-${tool}`, content: [{ type: 'text', text }], is_error: failed }],
  };
}
