import type { JsonObject } from '@airlock/protocol/json';
import { askSchemas, type SessionAsk } from '@airlock/protocol/requests';
import type { SingleFrame, Verdict } from '@airlock/protocol/wire';
import type { CanUseTool, PermissionResult } from '@anthropic-ai/claude-agent-sdk';

export interface Asks {
  /** For the SDK; resolves when a person has decided or the CLI no longer asks. */
  readonly canUseTool: CanUseTool;
  /** Gives a verdict on an open ask; false when none has this id. */
  answer(requestId: string, verdict: Verdict): boolean;
}

interface OpenAsk {
  readonly input: JsonObject;
  readonly isQuestion: boolean;
  readonly resolve: (result: PermissionResult) => void;
}

export function createAsks(send: (frame: SingleFrame) => void): Asks {
  const open = new Map<string, OpenAsk>();

  function withdraw(requestId: string): void {
    const ask = open.get(requestId);
    if (!ask) return;
    open.delete(requestId);
    send({ type: 'ask_withdrawn', requestId });
    ask.resolve({ behavior: 'deny', message: 'Claude no longer asks' });
  }

  return {
    canUseTool: async (tool, rawInput, options) => {
      const { requestId, signal } = options;
      const input = rawInput as JsonObject;
      const ask = toAsk(tool, input, options);
      if (signal.aborted) return { behavior: 'deny', message: 'Claude no longer asks' };
      return await new Promise<PermissionResult>((resolve) => {
        open.set(requestId, { input, isQuestion: ask.kind === 'question', resolve });
        signal.addEventListener('abort', () => withdraw(requestId), { once: true });
        send({ type: 'ask', requestId, ask });
      });
    },
    answer(requestId, verdict) {
      const ask = open.get(requestId);
      if (!ask) return false;
      open.delete(requestId);
      ask.resolve(toResult(ask, verdict));
      return true;
    },
  };
}

/** AskUserQuestion becomes a question when its input has the form of one; whatever else asks is a tool. */
function toAsk(tool: string, input: JsonObject, options: Parameters<CanUseTool>[2]): SessionAsk {
  const { toolUseID: toolUseId, title, description, decisionReason } = options;
  if (tool === 'AskUserQuestion') {
    const question = askSchemas.question.safeParse({ kind: 'question', toolUseId, questions: input.questions });
    if (question.success) return question.data;
  }
  return {
    kind: 'tool',
    tool,
    input,
    toolUseId,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(decisionReason === undefined ? {} : { reason: decisionReason }),
  };
}

/** The questions given back are the CLI's own, with what people are not shown. */
function toResult(ask: OpenAsk, verdict: Verdict): PermissionResult {
  if (verdict.behavior === 'deny') {
    const { message, interrupt = false } = verdict;
    return { behavior: 'deny', message, interrupt };
  }
  const changed = verdict.updatedInput ?? ask.input;
  if (!ask.isQuestion) return { behavior: 'allow', updatedInput: changed };
  return { behavior: 'allow', updatedInput: { ...changed, questions: ask.input.questions } };
}
