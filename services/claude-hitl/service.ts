import { type Ctx, defaultAnswerMs, type Session } from '@airlock/flow/context';
import { isError } from '@airlock/flow/errors';
import { form, select, submit } from '@airlock/flow/form';
import { missingPrompt, missingTool } from '@airlock/flow/missing';
import { defineService, type Service } from '@airlock/flow/service';
import {
  completionMarker,
  completionPrompt,
  filesField,
  isComplete,
  isEnding,
  promptField,
  replyForm,
  withFiles,
  workspacePrompt,
} from './conversation.ts';
import { type Ending, summary } from './summary.ts';

/** Settings of the service; times in milliseconds. */
export interface ClaudeHitlOptions {
  /** Turns of Claude's after which the conversation ends. Default 50. */
  readonly maxTurns?: number;
  /** How long a person has to reply or to decide. Default 7 days. */
  readonly answerMs?: number;
  /** A turn in which nothing happens for this long is an error. Default 11 minutes. */
  readonly stallMs?: number;
  /** How long Claude's container is kept for a reply; 0: as long as it takes. Default 10 minutes. */
  readonly hibernateMs?: number;
  /** Default: the host's. */
  readonly model?: string;
  /** Container memory in bytes. Default 1 GiB. */
  readonly memoryBytes?: number;
  /** Workspace limit in bytes. Default 5 GiB. */
  readonly workspaceBytes?: number;
}

const conversationForm = form({
  prompt: promptField(),
  files: filesField(),
  completion_mode: select({
    label: 'When it ends',
    options: [
      { name: 'continuous', label: 'When I say so' },
      { name: 'auto-complete', label: 'When Claude says the task is complete, or I say so' },
    ],
    value: 'continuous',
    required: true,
  }),
  start: submit('Start conversation'),
});

type Settings = ClaudeHitlOptions & Required<Pick<ClaudeHitlOptions, 'maxTurns' | 'answerMs' | 'stallMs'>>;
type Inputs = ReturnType<typeof conversationForm.parse>;

function openSession(ctx: Ctx<Inputs>, settings: Settings): Promise<Session> {
  const { maxTurns: _, ...options } = settings;
  const isContinuous = ctx.inputs.completion_mode === 'continuous';
  return ctx.session('main', {
    ...options,
    tools: { report_missing: missingTool({ answerMs: settings.answerMs }) },
    appendSystemPrompt: [workspacePrompt, missingPrompt, ...(isContinuous ? [] : [completionPrompt])].join('\n\n'),
    ...(isContinuous ? {} : { hiddenLines: [completionMarker] }),
  });
}

/** What the person says next; null when nobody did in time. */
async function askPerson(ctx: Ctx<Inputs>, answerMs: number): Promise<string | null> {
  try {
    let reply = '';
    for (let wasEmpty = false; reply === ''; wasEmpty = true) {
      const answer = await ctx.lock('claude-input', replyForm(wasEmpty), { expiresMs: answerMs });
      reply = withFiles(answer.response.trim(), answer.files);
    }
    return reply;
  } catch (error) {
    if (isError(error, 'request_expired')) return null;
    throw error;
  }
}

async function converse(ctx: Ctx<Inputs>, settings: Settings): Promise<string> {
  const { maxTurns, answerMs } = settings;
  const startedAt = await ctx.now();
  const session = await openSession(ctx, settings);
  let turns = 0;
  let prompt = withFiles(ctx.inputs.prompt, ctx.inputs.files);
  let ending: Ending | null = null;
  while (ending === null) {
    const turn = await session.send(prompt);
    turns += 1;
    if (ctx.inputs.completion_mode === 'auto-complete' && isComplete(turn.text)) ending = 'complete';
    else if (turns >= maxTurns) ending = 'turn_limit';
    else {
      const reply = await askPerson(ctx, answerMs);
      if (reply === null) ending = 'no_answer';
      else if (isEnding(reply)) ending = 'person';
      else prompt = reply;
    }
  }
  await session.end();
  const elapsedMs = (await ctx.now()).getTime() - startedAt.getTime();
  return summary({ ending, turns, elapsedMs, usage: session.usage, maxTurns, answerMs });
}

/**
 * A conversation with Claude in a sealed container and a person in it. What Claude says reaches people as the session's
 * own messages. A failed turn fails the execution; it is never reported as finished.
 */
export function claudeHitl(options: ClaudeHitlOptions = {}): Service {
  const settings: Settings = { maxTurns: 50, answerMs: defaultAnswerMs, stallMs: 11 * 60 * 1000, ...options };
  return defineService({
    name: 'claude-hitl',
    title: 'Claude with a person in the loop',
    description: 'Claude works on your prompt in a sealed container and asks you whenever a person must decide.',
    tags: ['claude', 'conversation'],
    form: conversationForm,
    timeouts: { answerMs: settings.answerMs },
    run: (ctx) => converse(ctx, settings),
  });
}

export default claudeHitl();
