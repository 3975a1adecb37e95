import type { Conversation } from './conversation.ts';
import { patternMatches } from './pattern.ts';
import type { PlacedScenario } from './script.ts';
import type { Step, When } from './script-schema.ts';

/** The step that answers a request. */
export interface Match {
  readonly id: string;
  readonly index: number;
  readonly step: Step;
}

/** The first scenario that fits what was said and has a step for this round. */
export function findStep(scenarios: readonly PlacedScenario[], talk: Conversation): Match | undefined {
  for (const { id, scenario } of scenarios) {
    if (!fits(scenario.when, talk)) continue;
    const index = followsTool(scenario.when) ? talk.round - 1 : talk.round;
    const step = scenario.steps[index];
    if (step !== undefined) return { id, index, step };
  }
  return undefined;
}

function fits(when: When, talk: Conversation): boolean {
  return (
    fitsPrompt(when, talk) &&
    fitsRound(when, talk) &&
    (when.system === undefined || talk.systemText.includes(when.system))
  );
}

function fitsPrompt(when: When, talk: Conversation): boolean {
  if (when.contains !== undefined && !includes(talk.prompt, when.contains)) return false;
  if (when.equals !== undefined && talk.prompt.trim() !== when.equals.trim()) return false;
  if (when.matches !== undefined && !patternMatches(when.matches, talk.prompt)) return false;
  return when.turn === undefined || when.turn === talk.turn;
}

function fitsRound(when: When, talk: Conversation): boolean {
  const { afterTool, toolResult } = when;
  if (afterTool !== undefined && !talk.latest.some((outcome) => outcome.tool === afterTool)) return false;
  return toolResult === undefined || talk.latest.some((outcome) => includes(outcome.text, toolResult));
}

function followsTool(when: When): boolean {
  return when.afterTool !== undefined || when.toolResult !== undefined;
}

function includes(text: string, part: string): boolean {
  return text.toLowerCase().includes(part.toLowerCase());
}
