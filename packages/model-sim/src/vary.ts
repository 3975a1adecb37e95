import { createHash } from 'node:crypto';
import type { Answer, Block, ContentBlock } from './answer.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';

/** How a repeated answer differs: other words, another tool input, another order of blocks, or no tool at all. */
export const varyModes = ['reword', 'input', 'order', 'noTool'] as const;
export type VaryMode = (typeof varyModes)[number];

/** Names one repetition. The same choice always gives the same answer. */
export interface Variation {
  readonly seed: number;
  /** Names the conversation state that is asked again. */
  readonly state: string;
  /** How often it was answered before; at least 1. */
  readonly repeat: number;
  /** Without it the seed chooses. */
  readonly mode?: VaryMode | undefined;
}

const openings = [
  'Let me put it another way.',
  'Looking at this afresh:',
  'On second thought, here is how I see it.',
  'Once more, in other words:',
  'I would rather say it like this.',
];

/** Answers again as a real model would: to the point, but not the same. */
export function varyAnswer(answer: Answer, variation: Variation): Answer {
  const mode = variation.mode ?? chooseMode(answer, variation);
  const opening = openings[number(variation, 'opening') % openings.length] ?? '';
  switch (mode) {
    case 'reword':
      return { ...answer, blocks: reword(answer.blocks, opening) };
    case 'input':
      return {
        ...answer,
        blocks: reword(
          answer.blocks.map((block) => otherInput(block, variation.repeat)),
          opening,
        ),
      };
    case 'order':
      return { ...answer, blocks: reorder(answer.blocks, opening) };
    case 'noTool':
      return withoutTools(answer, opening);
  }
}

function chooseMode(answer: Answer, variation: Variation): VaryMode {
  if (!answer.blocks.some((block) => block.type === 'tool_use')) return 'reword';
  const modes: readonly VaryMode[] = ['input', 'order', 'noTool'];
  return modes[(number(variation, 'mode', false) + variation.repeat) % modes.length] ?? 'input';
}

function number(variation: Variation, purpose: string, perRepeat = true): number {
  const parts = [variation.seed, variation.state, purpose, perRepeat ? variation.repeat : 0];
  return createHash('sha256').update(JSON.stringify(parts)).digest().readUInt32BE(0);
}

function reword(blocks: readonly Block[], opening: string): readonly Block[] {
  const first = blocks.findIndex((block) => block.type === 'text');
  if (first === -1) return [...thinkingOf(blocks), { type: 'text', text: opening }, ...withoutThinking(blocks)];
  return blocks.map((block, index) =>
    index === first && block.type === 'text' ? { ...block, text: `${opening} ${block.text}` } : block,
  );
}

/** Tools come before the text, in reverse; thinking stays first, as the API wants it. */
function reorder(blocks: readonly Block[], opening: string): readonly Block[] {
  const rest = withoutThinking(blocks);
  const tools = rest.filter((block) => block.type === 'tool_use').reverse();
  const others = rest.filter((block) => block.type !== 'tool_use');
  if (tools.length < 2 && !others.some((block) => block.type === 'text')) return reword(blocks, opening);
  return [...thinkingOf(blocks), ...tools, ...reword(others, opening)];
}

function withoutTools(answer: Answer, opening: string): Answer {
  const { stopReason: _, ...rest } = answer;
  const kept = answer.blocks.filter((block) => block.type !== 'tool_use');
  const closing: ContentBlock = { type: 'text', text: 'I can answer this without using a tool.' };
  return { ...rest, blocks: [...reword(kept, opening), closing] };
}

function thinkingOf(blocks: readonly Block[]): readonly Block[] {
  return blocks.filter((block) => block.type === 'thinking');
}

function withoutThinking(blocks: readonly Block[]): readonly Block[] {
  return blocks.filter((block) => block.type !== 'thinking');
}

/** Input fields whose text may change without turning the call into a wrong one, the best first. */
const freeFields = ['command', 'content', 'new_string', 'query', 'prompt', 'plan', 'description', 'pattern'];

function otherInput(block: Block, repeat: number): Block {
  if (block.type !== 'tool_use') return block;
  return { ...block, input: changeInput(block.input, repeat + 1) };
}

function changeInput(input: JsonObject, take: number): JsonObject {
  const questions = input.questions;
  if (Array.isArray(questions)) return { ...input, questions: questions.map(flipOptions) };
  const field = freeFields.find((name) => typeof input[name] === 'string');
  if (field === undefined) return typeof input.file_path === 'string' ? { ...input, limit: 2000 + take } : input;
  return { ...input, [field]: changeText(field, String(input[field]), take) };
}

function changeText(field: string, text: string, take: number): string {
  if (field === 'command') return `${text} # take ${take}`;
  return text.endsWith('\n') ? `${text}Take ${take}.\n` : `${text} (take ${take})`;
}

function flipOptions(question: Json): Json {
  if (!isJsonObject(question)) return question;
  const { options } = question;
  return Array.isArray(options) ? { ...question, options: [...options].reverse() } : question;
}
