import { AirlockError, type FieldErrors } from '@airlock/protocol/errors';
import { problemsOfForm } from '@airlock/protocol/forms/definition';
import { elicitedContent } from '@airlock/protocol/forms/elicitation';
import { validate } from '@airlock/protocol/forms/validate';
import type { Grant } from '@airlock/protocol/grants';
import { fieldErrorsOf } from '@airlock/protocol/issues';
import { type JsonObject, jsonObjectSchema } from '@airlock/protocol/json';
import { answerSchemas, type SessionAsk } from '@airlock/protocol/requests';
import type { Verdict } from '@airlock/protocol/wire';
import type * as z from 'zod';

/** Most answers named that nobody asked for. */
const mostStrangers = 10;

/** What comes from a container may hold a form no answer can be checked against: it is left out, so that people decline. */
export function answerable(ask: SessionAsk): SessionAsk {
  if (ask.kind !== 'elicitation' || !ask.elements || problemsOfForm(ask.elements).length === 0) return ask;
  const { elements: _, ...others } = ask;
  return others;
}

/** Checks an answer to a session's request; throws `invalid_inputs` with the fields that do not fit. */
export function checkAnswer(ask: SessionAsk, inputs: JsonObject): JsonObject {
  switch (ask.kind) {
    case 'tool':
      return jsonObjectSchema.parse(checkTool(ask, parse(answerSchemas.tool, inputs)));
    case 'question':
      return jsonObjectSchema.parse(checkQuestions(ask, parse(answerSchemas.question, inputs)));
    case 'elicitation':
      return jsonObjectSchema.parse(checkElicitation(ask, parse(answerSchemas.elicitation, inputs)));
    case 'plan':
      return jsonObjectSchema.parse(checkPlan(parse(answerSchemas.plan, inputs)));
  }
}

type AskOf<K extends SessionAsk['kind']> = Extract<SessionAsk, { kind: K }>;
type AnswerOf<K extends SessionAsk['kind']> = z.infer<(typeof answerSchemas)[K]>;

function checkTool(ask: AskOf<'tool'>, answer: AnswerOf<'tool'>): AnswerOf<'tool'> {
  const { decision, remember = false, updatedInput, interrupt } = answer;
  if (remember && decision === 'deny') throw unfit({ remember: ['A denial is not remembered'] });
  if (remember && !ask.grants) throw unfit({ remember: ['This can only be allowed once'] });
  if (remember && updatedInput) throw unfit({ remember: ['What was edited is allowed once'] });
  if (decision === 'deny' && updatedInput) throw unfit({ updatedInput: ['A denied call is not edited'] });
  if (decision === 'allow' && interrupt) throw unfit({ interrupt: ['Only a denial ends the turn'] });
  return answer;
}

function checkQuestions(ask: AskOf<'question'>, answer: AnswerOf<'question'>): AnswerOf<'question'> {
  const asked = new Set(ask.questions.map(({ question }) => question));
  const given = new Map(Object.entries(answer.answers));
  const named = [...given.keys(), ...Object.keys(answer.notes ?? {})];
  const problems = named
    .filter((question) => !asked.has(question))
    .slice(0, mostStrangers)
    .map((question) => [question.slice(0, 200), ['This was not asked']] as const);
  const open = answer.response === undefined ? [...asked].filter((question) => !given.get(question)?.trim()) : [];
  const missing = open.map((question) => [question, ['Answer this question, or give one answer to all']] as const);
  if (problems.length + missing.length > 0) {
    const fields = Object.fromEntries([...problems, ...missing]);
    throw new AirlockError('invalid_inputs', 'The answers do not fit the questions', { fields });
  }
  return answer;
}

function checkElicitation(
  { url, elements }: AskOf<'elicitation'>,
  { action, content }: AnswerOf<'elicitation'>,
): AnswerOf<'elicitation'> {
  if (action !== 'accept' || url !== undefined) {
    if (content) throw unfit({ content: ['Only a form that is accepted has values'] });
    return { action };
  }
  if (!elements) throw unfit({ action: ['What is asked for has no form: it can only be declined'] });
  const checked = validate(elements, content ?? {});
  if (!checked.ok) throw unfit(checked.fields);
  return { action, content: elicitedContent(checked.values) };
}

function checkPlan(answer: AnswerOf<'plan'>): AnswerOf<'plan'> {
  const { decision, permissionMode, message = '' } = answer;
  if (decision === 'allow') return answer;
  if (permissionMode) throw unfit({ permissionMode: ['Only an approved plan is begun'] });
  if (message.trim() === '') throw unfit({ message: ['Say what to change'] });
  return answer;
}

/** What the CLI is told. `inputs` were checked by `checkAnswer`. */
export function toVerdict(ask: SessionAsk, inputs: JsonObject): Verdict {
  switch (ask.kind) {
    case 'tool': {
      const { decision, updatedInput, message, interrupt } = answerSchemas.tool.parse(inputs);
      if (decision === 'deny') return deny(message ?? '', 'The person denied this', interrupt);
      const grants = grantsIn(ask, inputs);
      return { behavior: 'allow', ...(updatedInput && { updatedInput }), ...(grants.length > 0 && { grants }) };
    }
    case 'question': {
      const { answers, response, notes } = answerSchemas.question.parse(inputs);
      const annotations = Object.fromEntries(
        Object.entries(notes ?? {}).map(([question, text]) => [question, { notes: text }]),
      );
      return {
        behavior: 'allow',
        updatedInput: {
          questions: ask.questions,
          answers,
          ...(response !== undefined && { response }),
          ...(notes && { annotations }),
        },
      };
    }
    case 'elicitation': {
      const { action, content } = answerSchemas.elicitation.parse(inputs);
      return { behavior: 'elicited', action, ...(content && { content }) };
    }
    case 'plan': {
      const { decision, message = '' } = answerSchemas.plan.parse(inputs);
      if (decision === 'deny') return deny(message, 'The person wants another plan');
      const grants = grantsIn(ask, inputs);
      return { behavior: 'allow', ...(grants.length > 0 && { grants }) };
    }
  }
}

/** What an answer allows for the rest of the conversation. */
export function grantsIn(ask: SessionAsk, inputs: JsonObject): Grant[] {
  switch (ask.kind) {
    case 'tool':
      return answerSchemas.tool.parse(inputs).remember ? (ask.grants ?? []) : [];
    case 'question':
    case 'elicitation':
      return [];
    case 'plan': {
      const { permissionMode: mode = 'default', decision } = answerSchemas.plan.parse(inputs);
      return decision === 'allow' ? [{ type: 'setMode', mode }] : [];
    }
  }
}

function deny(message: string, otherwise: string, interrupt?: boolean): Verdict {
  return {
    behavior: 'deny',
    message: message.trim() || otherwise,
    ...(interrupt === undefined ? {} : { interrupt }),
  };
}

function unfit(fields: FieldErrors): AirlockError {
  return new AirlockError('invalid_inputs', 'The answer does not fit the request', { fields });
}

function parse<T>(schema: z.ZodType<T>, inputs: JsonObject): T {
  const parsed = schema.safeParse(inputs);
  if (parsed.success) return parsed.data;
  const fields = fieldErrorsOf(parsed.error.issues);
  throw new AirlockError('invalid_inputs', 'The answer has another form than asked for', { fields });
}
