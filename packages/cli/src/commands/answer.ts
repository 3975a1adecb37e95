import { type JsonObject, jsonObjectSchema } from '@airlock/protocol/json';
import { type Request, requestSchema } from '@airlock/protocol/requests';
import * as z from 'zod';
import { type Context, connect } from '../context.ts';
import { UsageFailure } from '../failure.ts';
import { inputsOf, parsePairs, type SendFile } from '../inputs.ts';
import { printJson } from '../terminal.ts';

export interface AnswerOptions {
  readonly field: readonly string[];
  readonly allow?: boolean;
  readonly deny?: boolean;
  /** A tool: for the rest of the conversation. A plan: edits need no asking. */
  readonly always?: boolean;
  readonly stop?: boolean;
  /** Instead of the input a tool asks for, as JSON. */
  readonly input?: string;
  readonly message?: string;
  readonly json?: boolean;
}

function decisionOf(options: AnswerOptions): 'allow' | 'deny' {
  if ((options.allow === true) === (options.deny === true)) {
    throw new UsageFailure(
      'It is allowed or denied',
      'the request asks whether Claude may go on',
      'Add --allow or --deny',
    );
  }
  return options.allow === true ? 'allow' : 'deny';
}

function toolInputs(options: AnswerOptions): JsonObject {
  return {
    decision: decisionOf(options),
    ...(options.always === true ? { remember: true } : {}),
    ...(options.stop === true ? { interrupt: true } : {}),
    ...(options.input === undefined ? {} : { updatedInput: readInput(options.input) }),
    ...messageOf(options),
  };
}

function planInputs(options: AnswerOptions): JsonObject {
  const mode = options.always === true ? { permissionMode: 'acceptEdits' } : {};
  return { decision: decisionOf(options), ...mode, ...messageOf(options) };
}

function messageOf({ message }: AnswerOptions): JsonObject {
  return message === undefined ? {} : { message };
}

function readInput(text: string): JsonObject {
  try {
    return jsonObjectSchema.parse(JSON.parse(text));
  } catch {
    throw new UsageFailure(
      'The input is no JSON object',
      text.slice(0, 80),
      `Write it like --input '{"command":"ls"}'`,
    );
  }
}

/** Questions are answered by their text or by their number, counted from 1. */
function questionInputs(request: Extract<Request, { kind: 'question' }>, options: AnswerOptions): JsonObject {
  const answers: JsonObject = {};
  for (const [key, text] of parsePairs(options.field)) {
    const question = request.questions.find((each) => each.question === key) ?? request.questions[Number(key) - 1];
    if (question === undefined) {
      const known = request.questions.map((each, at) => `${at + 1}: ${each.question}`).join('; ');
      throw new UsageFailure('No such question', `'${key}'`, `Answer by number, --field 1=… (${known})`);
    }
    answers[question.question] = text;
  }
  return { answers, ...(options.message === undefined ? {} : { response: options.message }) };
}

async function inputsFor(request: Request, options: AnswerOptions, upload: SendFile): Promise<JsonObject> {
  switch (request.kind) {
    case 'form':
      return await inputsOf(request.elements, options.field, upload);
    case 'tool':
      return toolInputs(options);
    case 'question':
      return questionInputs(request, options);
    case 'plan':
      return planInputs(options);
    case 'elicitation':
      if (options.deny === true) return { action: 'decline' };
      if (request.elements === undefined) return { action: 'accept' };
      return { action: 'accept', content: await inputsOf(request.elements, options.field, upload) };
  }
}

/** Answers a request as the local administrator. */
export async function answer(context: Context, id: string, options: AnswerOptions): Promise<number> {
  const api = await connect(context);
  const path = `/requests/${encodeURIComponent(id)}`;
  const request = await api.get(path, requestSchema);
  await api.post(`${path}/answer`, { inputs: await inputsFor(request, options, api.upload) }, z.unknown());
  if (options.json === true) printJson(context.terminal, { id, answered: true });
  else context.terminal.out('✓ Answered\n');
  return 0;
}
