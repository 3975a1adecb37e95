import type { Conversation } from './conversation.ts';

const values = {
  prompt: (talk: Conversation) => talk.prompt,
  firstPrompt: (talk: Conversation) => talk.firstPrompt,
  planFile: (talk: Conversation) => talk.planFile,
  toolResult: (talk: Conversation) => talk.latest.map((outcome) => outcome.text).join('\n'),
  turn: (talk: Conversation) => String(talk.turn),
  round: (talk: Conversation) => String(talk.round),
} satisfies Record<string, (talk: Conversation) => string>;

const placeholder = /\{\{\s*([A-Za-z]+)\s*\}\}/g;

function isName(name: string): name is keyof typeof values {
  return Object.hasOwn(values, name);
}

/** The names `{{…}}` may hold. */
export const placeholderNames = Object.keys(values);

/** The first name in `text` that no placeholder has. */
export function unknownPlaceholder(text: string): string | undefined {
  return [...text.matchAll(placeholder)].map((match) => match[1] ?? '').find((name) => !isName(name));
}

/** Fills `{{prompt}}` and the like from the conversation. */
export function fillTemplate(text: string, talk: Conversation): string {
  return text.replace(placeholder, (whole, name: string) => (isName(name) ? values[name](talk) : whole));
}
