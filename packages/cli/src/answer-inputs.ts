import { readFileSync } from 'node:fs';
import type { Element } from '@airlock/protocol/elements';
import { permissionModeSchema } from '@airlock/protocol/grants';
import { type JsonObject, jsonObjectSchema } from '@airlock/protocol/json';
import type { Question, Request } from '@airlock/protocol/requests';
import { UsageFailure } from './failure.ts';
import { inputsOf, parsePairs, type SendFile } from './inputs.ts';

/** How a request is answered on a command line. */
export interface AnswerOptions {
  readonly field: readonly string[];
  /** Options of a question, by its text or number. */
  readonly choose: readonly string[];
  /** Words beside the answer to a question. */
  readonly note: readonly string[];
  readonly allow?: boolean;
  /** `true`, or why. */
  readonly deny?: boolean | string;
  readonly dismiss?: boolean;
  /** A tool: for the rest of the conversation. A plan: edits need no asking. */
  readonly always?: boolean;
  readonly mode?: string;
  readonly stop?: boolean;
  /** JSON, the path of a file of it, or `-` for what is piped in. */
  readonly input?: string;
  readonly message?: string;
}

type Flag = Exclude<keyof AnswerOptions, 'json'>;

/** What can be said of a request of a kind. */
const flags: Readonly<Record<Request['kind'], readonly Flag[]>> = {
  form: ['field', 'input'],
  tool: ['allow', 'deny', 'always', 'stop', 'input', 'message'],
  question: ['field', 'choose', 'note', 'message'],
  plan: ['allow', 'deny', 'always', 'mode', 'message'],
  elicitation: ['allow', 'deny', 'dismiss', 'field', 'input'],
};
const all = [...new Set(Object.values(flags).flat())];

function isGiven(options: AnswerOptions, flag: Flag): boolean {
  const value = options[flag];
  return Array.isArray(value) ? value.length > 0 : value !== undefined;
}

function refuseStrangers(kind: Request['kind'], options: AnswerOptions): void {
  const stranger = all.find((flag) => isGiven(options, flag) && !flags[kind].includes(flag));
  if (stranger === undefined) return;
  const known = flags[kind].map((flag) => `--${flag}`).join(', ');
  throw new UsageFailure(
    `A ${kind} request is answered otherwise`,
    `--${stranger} says nothing about it`,
    `Use ${known}`,
  );
}

function decisionOf({ allow, deny }: AnswerOptions): 'allow' | 'deny' {
  if ((allow === true) === (deny !== undefined)) {
    throw new UsageFailure(
      'It is allowed or denied',
      'the request asks whether Claude may go on',
      'Add --allow or --deny',
    );
  }
  return allow === true ? 'allow' : 'deny';
}

function messageOf({ deny, message }: AnswerOptions): JsonObject {
  const text = typeof deny === 'string' ? deny : message;
  return text === undefined ? {} : { message: text };
}

function readInput(given: string): JsonObject {
  const isText = given.trimStart().startsWith('{');
  try {
    const text = isText ? given : readFileSync(given === '-' ? 0 : given, 'utf8');
    return jsonObjectSchema.parse(JSON.parse(text));
  } catch (error) {
    const problem = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : 'no JSON object';
    throw new UsageFailure(
      'The input cannot be read',
      `${given.slice(0, 80)}: ${problem}`,
      `Write it like --input '{"command":"ls"}', or name a file of it`,
    );
  }
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

function modeOf({ always, mode }: AnswerOptions): JsonObject {
  if (mode === undefined) return always === true ? { permissionMode: 'acceptEdits' } : {};
  const parsed = permissionModeSchema.exclude(['plan']).safeParse(mode);
  if (parsed.success) return { permissionMode: parsed.data };
  throw new UsageFailure('There is no such mode', `'${mode}'`, 'Use default or acceptEdits');
}

/** Questions are named by their text or by their number, counted from 1. */
function byQuestion(questions: readonly Question[], pairs: readonly string[]): [Question, string][] {
  return [...parsePairs(pairs)].map(([key, text]) => {
    const question = questions.find((each) => each.question === key) ?? questions[Number(key) - 1];
    if (question !== undefined) return [question, text];
    const known = questions.map((each, at) => `${at + 1}: ${each.question}`).join('; ');
    throw new UsageFailure('No such question', `'${key}'`, `Name it by number, as in 1=… (${known})`);
  });
}

/** The labels of the options named, by label or number. */
function chosenLabels({ options, multiSelect }: Question, text: string): string {
  const find = (named: string) =>
    options.find(({ label }) => label === named) ?? (/^\d+$/.test(named) ? options[Number(named) - 1] : undefined);
  const whole = find(text.trim());
  const chosen = whole === undefined ? text.split(',').map((each) => find(each.trim())) : [whole];
  const labels = chosen.flatMap((option) => (option === undefined ? [] : [option.label]));
  if (labels.length === chosen.length && (multiSelect || labels.length === 1)) return labels.join(', ');
  const known = options.map(({ label }, at) => `${at + 1}: ${label}`).join('; ');
  const fix = `Use ${multiSelect ? 'some' : 'one'} of ${known}, or --field for words of your own`;
  throw new UsageFailure('No such option', `'${text}'`, fix);
}

function questionInputs({ questions }: Extract<Request, { kind: 'question' }>, options: AnswerOptions): JsonObject {
  const chosen = byQuestion(questions, options.choose).map(([each, text]) => [each.question, chosenLabels(each, text)]);
  const own = byQuestion(questions, options.field).map(([each, text]) => [each.question, text]);
  const notes = byQuestion(questions, options.note).map(([each, text]) => [each.question, text]);
  return {
    answers: Object.fromEntries([...chosen, ...own]),
    ...(options.message === undefined ? {} : { response: options.message }),
    ...(notes.length === 0 ? {} : { notes: Object.fromEntries(notes) }),
  };
}

async function formInputs(
  elements: readonly Element[],
  { field, input }: AnswerOptions,
  sendFile: SendFile,
): Promise<JsonObject> {
  return { ...(input === undefined ? {} : readInput(input)), ...(await inputsOf(elements, field, sendFile)) };
}

async function elicitationInputs(
  { url, elements }: Extract<Request, { kind: 'elicitation' }>,
  options: AnswerOptions,
  sendFile: SendFile,
): Promise<JsonObject> {
  if (options.deny !== undefined) return { action: 'decline' };
  if (options.dismiss === true) return { action: 'cancel' };
  if (elements !== undefined) {
    return { action: 'accept', content: await formInputs(elements, options, sendFile) };
  }
  if (url !== undefined && options.allow === true) return { action: 'accept' };
  const fix =
    url === undefined ? 'Add --deny or --dismiss' : 'Add --allow once you have seen to it, --deny or --dismiss';
  throw new UsageFailure('It is accepted or declined', url ?? 'what it asks for has no form', fix);
}

/** The answer to a request, from what stands on the command line. */
export async function answerInputs(request: Request, options: AnswerOptions, sendFile: SendFile): Promise<JsonObject> {
  refuseStrangers(request.kind, options);
  switch (request.kind) {
    case 'form':
      return await formInputs(request.elements, options, sendFile);
    case 'tool':
      return toolInputs(options);
    case 'question':
      return questionInputs(request, options);
    case 'plan':
      return { decision: decisionOf(options), ...modeOf(options), ...messageOf(options) };
    case 'elicitation':
      return await elicitationInputs(request, options, sendFile);
  }
}
