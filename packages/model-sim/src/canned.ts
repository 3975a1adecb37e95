import { type Answer, type Block, textAnswer } from './answer.ts';
import { echoText, longText, reportText } from './canned-text.ts';
import { askQuestion, chooseTool, followUp } from './canned-tools.ts';
import type { Conversation } from './conversation.ts';

const completionMark = '[TASK_COMPLETE]';

/** What the model says when no script has an answer: an honest simulation, good enough for a demonstration. */
export function cannedAnswer(talk: Conversation, mayThink: boolean): Answer {
  const answer = talk.round === 0 ? answerPrompt(talk) : answerTools(talk);
  const thinking: Block[] = mayThink && talk.round === 0 && /\bthink/i.test(talk.prompt) ? [thought(talk)] : [];
  return { ...answer, blocks: [...thinking, ...complete(answer.blocks, talk)] };
}

function answerPrompt(talk: Conversation): Answer {
  const call = askQuestion(talk) ?? chooseTool(talk);
  if (call !== undefined) return { blocks: [{ type: 'text', text: call.announcement }, call.block] };
  return textAnswer(/\b(long|essay|detailed)\b/i.test(talk.prompt) ? longText(talk) : echoText(talk));
}

function answerTools(talk: Conversation): Answer {
  const call = followUp(talk);
  if (call !== undefined) return { blocks: [{ type: 'text', text: call.announcement }, call.block] };
  return textAnswer(reportText(talk));
}

function thought(talk: Conversation): Block {
  return {
    type: 'thinking',
    thinking: `The person asks: "${excerpt(talk.prompt)}". This is turn ${talk.turn}. I am a simulated model, so I follow a fixed plan: say so, answer briefly, and show that I remember what came before.`,
  };
}

/** Adds the mark of a completed task where the system prompt wants it and nothing is left to do. */
function complete(blocks: readonly Block[], talk: Conversation): readonly Block[] {
  const last = blocks.at(-1);
  if (!talk.systemText.includes(completionMark) || last?.type !== 'text' || !isDone(talk)) return blocks;
  return [...blocks.slice(0, -1), { ...last, text: `${last.text}\n\n${completionMark}` }];
}

function isDone(talk: Conversation): boolean {
  if (talk.round > 0) return !talk.latest.some((outcome) => outcome.failed);
  return (
    !/^\s*(hi|hello|hey|good (morning|evening|afternoon))\b/i.test(talk.prompt) &&
    !/\b(keep going|let'?s talk|chat)\b/i.test(talk.prompt)
  );
}

function excerpt(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}
