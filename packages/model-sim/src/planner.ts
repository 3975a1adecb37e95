import type { Answer, Block } from './answer.ts';
import type { ApiError } from './api-error.ts';
import { cannedAnswer } from './canned.ts';
import type { Conversation } from './conversation.ts';
import { createCounter } from './counter.ts';
import type { Fault } from './fault.ts';
import { mapObjectStrings } from './json.ts';
import { findStep, type Match } from './matching.ts';
import type { MessagesRequest } from './messages-request.ts';
import type { Source } from './requests.ts';
import type { PlacedScenario } from './script.ts';
import { type ScriptedAnswer, type Step, saidBlocks } from './script-schema.ts';
import { isSideRequest, sideAnswer } from './side.ts';
import { fillTemplate } from './template.ts';
import { type VaryMode, varyAnswer } from './vary.ts';

/** Whether a repeated request is answered differently. `times` ends it after so many different answers. */
export interface VarySettings {
  readonly enabled: boolean;
  readonly seed?: number | undefined;
  readonly mode?: VaryMode | undefined;
  readonly times?: number | undefined;
}

/** All there is to do about one request. */
export interface Plan {
  readonly source: Source;
  readonly answer: Answer;
  /** Milliseconds before each piece; unset leaves it to the server. */
  readonly pace?: number;
  /** A gate before the headers. */
  readonly hold?: string;
  readonly error?: ApiError;
  readonly fault?: Fault;
}

export interface Planner {
  plan(request: MessagesRequest, talk: Conversation, fromCli: boolean): Plan;
  /** Says that an answer to this state was begun; the next one is a repetition. */
  begun(talk: Conversation): void;
  setVary(settings: VarySettings): void;
  /** Forgets attempts and repetitions. */
  reset(): void;
}

const remembered = 20_000;

/** Chooses answers from `scenarios()`, the first that fits, else a canned one. */
export function createPlanner(scenarios: () => readonly PlacedScenario[], initial: VarySettings): Planner {
  const attempts = createCounter(remembered);
  const repeats = createCounter(remembered);
  let vary = initial;
  const again = (answer: Answer, talk: Conversation, repeat: number): Answer => {
    if (!vary.enabled || repeat === 0 || vary.times === 0) return answer;
    if (vary.times !== undefined) vary = { ...vary, times: vary.times - 1 };
    const mode = talk.delivered > 0 ? 'reword' : vary.mode;
    return varyAnswer(answer, { seed: vary.seed ?? 1, state: talk.state, repeat, mode });
  };
  return {
    plan(request, talk, fromCli) {
      if (isSideRequest(request, talk, fromCli)) {
        return { source: { kind: 'side', repeat: 0 }, answer: sideAnswer(request, talk) };
      }
      const repeat = repeats.get(talk.state);
      const match = findStep(scenarios(), talk);
      if (match === undefined) {
        const mayThink = request.thinking !== undefined && request.thinking.type !== 'disabled';
        const answer = again(remaining(cannedAnswer(talk, mayThink), talk), talk, repeat);
        return { source: { kind: 'canned', repeat }, answer };
      }
      const attempt = attempts.add(`${talk.state} ${match.id} ${match.index}`);
      const scripted = match.step.again?.at(Math.min(repeat, match.step.again.length) - 1);
      const chosen = repeat > 0 && scripted !== undefined ? scripted : match.step;
      const answer = remaining(fillAnswer(chosen, talk), talk);
      const fixed = chosen !== match.step || !match.step.vary;
      return stepPlan(match, attempt, repeat, fixed ? answer : again(answer, talk, repeat));
    },
    begun: (talk) => void repeats.add(talk.state),
    setVary(settings) {
      vary = settings;
    },
    reset() {
      attempts.clear();
      repeats.clear();
      vary = initial;
    },
  };
}

function stepPlan({ id, index, step }: Match, attempt: number, repeat: number, answer: Answer): Plan {
  const error = step.error !== undefined && attempt <= (step.error.times ?? Infinity) ? step.error : undefined;
  const fault = error === undefined ? stepFault(step, attempt) : undefined;
  return {
    source: { kind: 'script', scenario: id, step: index, repeat },
    answer,
    ...(step.slow === undefined ? {} : { pace: step.slow }),
    ...(step.hold === undefined ? {} : { hold: step.hold }),
    ...(error === undefined ? {} : { error }),
    ...(fault === undefined ? {} : { fault }),
  };
}

/** A step's troubles come one after the other: first the errors, then the cuts, then the stalls. */
function stepFault(step: Step, attempt: number): Fault | undefined {
  const afterErrors = attempt - (step.error?.times ?? 0);
  const afterCuts = afterErrors - (step.cut?.times ?? 0);
  if (step.cut !== undefined && afterErrors <= step.cut.times)
    return { kind: 'cut', point: step.cut, how: step.cut.how };
  if (step.stall !== undefined && afterCuts <= step.stall.times) return { kind: 'stall', point: step.stall };
  return undefined;
}

function fillAnswer(value: ScriptedAnswer | Step, talk: Conversation): Answer {
  return {
    blocks: saidBlocks(value).map((block) => fillBlock(block, talk)),
    ...(value.stop_reason === undefined ? {} : { stopReason: value.stop_reason }),
    ...(value.usage === undefined ? {} : { usage: value.usage }),
  };
}

function fillBlock(block: Block, talk: Conversation): Block {
  const fill = (text: string) => fillTemplate(text, talk);
  switch (block.type) {
    case 'text':
      return { ...block, text: fill(block.text) };
    case 'thinking':
      return { ...block, thinking: fill(block.thinking) };
    case 'tool_use':
      return { ...block, input: mapObjectStrings(block.input, fill) };
    case 'gate':
      return block;
  }
}

/** The part of an answer that a client who was cut off does not have yet. */
function remaining(answer: Answer, talk: Conversation): Answer {
  if (talk.delivered === 0) return answer;
  let skip = talk.delivered;
  const from = answer.blocks.findIndex((block) => {
    if (skip === 0) return true;
    if (block.type === 'text' || block.type === 'tool_use') skip -= 1;
    return false;
  });
  if (from === -1) return { blocks: [{ type: 'text', text: 'That was all.' }] };
  return { ...answer, blocks: answer.blocks.slice(from) };
}
