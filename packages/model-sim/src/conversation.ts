import { createHash } from 'node:crypto';
import { blocksOf, type InputBlock, type InputMessage, type MessagesRequest } from './messages-request.ts';

/** The result of a tool call made since the person last spoke. */
interface ToolOutcome {
  readonly tool: string;
  readonly text: string;
  readonly failed: boolean;
}

/** What a request says about the conversation so far, without what the CLI adds of its own. */
export interface Conversation {
  /** What the person said last; empty when nobody has spoken. */
  readonly prompt: string;
  readonly firstPrompt: string;
  /** How often the person has spoken, this time included. */
  readonly turn: number;
  /** How often tools have answered since the person last spoke: 0 for the answer to the prompt itself. */
  readonly round: number;
  /** Tool results since the person last spoke, oldest first. */
  readonly outcomes: readonly ToolOutcome[];
  /** The results of the last round. */
  readonly latest: readonly ToolOutcome[];
  /** Blocks, thinking left out, of an answer that was cut off, when the CLI asks for the rest of it; else 0. */
  readonly delivered: number;
  /** Names the conversation state: equal for a request that asks the same thing again. */
  readonly state: string;
  readonly systemText: string;
  /** Where the CLI wants a plan written; empty when it does not plan. */
  readonly planFile: string;
  readonly tools: ReadonlySet<string>;
}

const cutOff = /^Your response above was cut off mid-stream/;

/** Texts in the user's role that no person wrote. */
const notSaid = [
  /^<system-reminder>/,
  /^\[Request interrupted by user/,
  /^Continue from where you left off\.?$/,
  /^\[MESSAGE FROM NON-USER SOURCE/,
  /^Tool loaded\.?$/,
  /^<(local-command-|command-|task-notification|ide_)/,
  cutOff,
];

/** Reads a conversation from a request; `session` tells apart conversations that say the same things. */
export function readConversation(request: MessagesRequest, session = ''): Conversation {
  const walk = new Walk();
  for (const message of request.messages) walk.take(message);
  const firstPrompt = walk.prompts[0] ?? '';
  return {
    prompt: walk.prompts.at(-1) ?? '',
    firstPrompt,
    turn: walk.prompts.length,
    round: walk.round,
    outcomes: walk.rounds.flat(),
    latest: walk.rounds.at(-1) ?? [],
    delivered: walk.cut ? walk.answerBlocks : 0,
    state: hash([session, ...walk.history]),
    systemText: systemText(request),
    planFile: /(\/[^\s"]+\/plans\/[^\s"]+\.md)/.exec(JSON.stringify(request.messages))?.[1] ?? '',
    tools: new Set((request.tools ?? []).flatMap((tool) => (tool.name === undefined ? [] : [tool.name]))),
  };
}

/** The text of the system prompt and of messages in the system's role. */
function systemText(request: MessagesRequest): string {
  const added = request.messages.filter((message) => message.role === 'system');
  return [request.system ?? '', ...added.map((message) => message.content)]
    .flatMap((content) => blocksOf(content).map(textOf))
    .join('\n');
}

class Walk {
  readonly prompts: string[] = [];
  readonly history: string[] = [];
  readonly rounds: ToolOutcome[][] = [];
  readonly #toolNames = new Map<string, string>();
  answerBlocks = 0;
  cut = false;
  #afterAssistant = false;

  get round(): number {
    return this.rounds.length;
  }

  take(message: InputMessage): void {
    if (message.role === 'assistant') this.#assistant(blocksOf(message.content));
    if (message.role === 'user') this.#user(blocksOf(message.content));
  }

  #assistant(blocks: readonly InputBlock[]): void {
    for (const block of blocks) {
      if (block.type === 'tool_use') this.#toolNames.set(String(block.id), String(block.name));
    }
    this.answerBlocks += blocks.filter((block) => !block.type.endsWith('thinking')).length;
    this.#afterAssistant = true;
    this.cut = false;
  }

  #user(blocks: readonly InputBlock[]): void {
    const outcomes = blocks.filter((block) => block.type === 'tool_result').map((block) => this.#outcome(block));
    const texts = blocks.filter((block) => block.type === 'text').map((block) => textOf(block).trim());
    const said = texts.filter((text) => text !== '' && !notSaid.some((pattern) => pattern.test(text))).join('\n');
    this.cut = texts.some((text) => cutOff.test(text));
    if (outcomes.length > 0) this.#results(outcomes);
    if (said !== '') this.#prompt(said);
  }

  #results(outcomes: ToolOutcome[]): void {
    if (this.#afterAssistant || this.rounds.length === 0) this.rounds.push([]);
    this.rounds.at(-1)?.push(...outcomes);
    this.history.push(...outcomes.map((outcome) => JSON.stringify(outcome)));
    this.#newAnswer();
  }

  #prompt(said: string): void {
    this.prompts.push(said);
    this.history.push(said);
    this.rounds.length = 0;
    this.#newAnswer();
  }

  #newAnswer(): void {
    this.answerBlocks = 0;
    this.#afterAssistant = false;
  }

  #outcome(block: InputBlock): ToolOutcome {
    return {
      tool: this.#toolNames.get(String(block.tool_use_id)) ?? '',
      text: resultText(block.content),
      failed: block.is_error === true,
    };
  }
}

function textOf(block: InputBlock): string {
  const text = block.text;
  return typeof text === 'string' ? text : '';
}

function resultText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part: unknown) => (typeof part === 'object' && part !== null && 'text' in part ? String(part.text) : ''))
    .join('');
}

function hash(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}
