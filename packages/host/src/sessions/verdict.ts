import { AirlockError } from '@airlock/protocol/errors';
import { fieldErrorsOf } from '@airlock/protocol/issues';
import { type JsonObject, jsonObjectSchema } from '@airlock/protocol/json';
import { answerSchemas, type SessionAsk } from '@airlock/protocol/requests';
import type { Verdict } from '@airlock/protocol/wire';
import type * as z from 'zod';

/** Most answers named that nobody asked for. */
const mostStrangers = 10;

/** Checks an answer to a session's request; throws `invalid_inputs` with the fields that do not fit. */
export function checkAnswer(ask: SessionAsk, inputs: JsonObject): JsonObject {
  if (ask.kind === 'tool') return jsonObjectSchema.parse(parse(answerSchemas.tool, inputs));
  const answer = parse(answerSchemas.question, inputs);
  const asked = new Set(ask.questions.map(({ question }) => question));
  const given = new Map(Object.entries(answer.answers));
  const problems = [...given.keys()]
    .filter((question) => !asked.has(question))
    .slice(0, mostStrangers)
    .map((question) => [question.slice(0, 200), ['This was not asked']] as const);
  const open = answer.response === undefined ? [...asked].filter((question) => !given.get(question)?.trim()) : [];
  const missing = open.map((question) => [question, ['Answer this question, or give one answer to all']] as const);
  if (problems.length + missing.length > 0) {
    const fields = Object.fromEntries([...problems, ...missing]);
    throw new AirlockError('invalid_inputs', 'The answers do not fit the questions', { fields });
  }
  return jsonObjectSchema.parse(answer);
}

/** What the CLI is told. `inputs` were checked by `checkAnswer`. */
export function toVerdict(ask: SessionAsk, inputs: JsonObject): Verdict {
  if (ask.kind === 'tool') {
    const answer = answerSchemas.tool.parse(inputs);
    if (answer.decision === 'allow') return { behavior: 'allow', updatedInput: answer.updatedInput ?? ask.input };
    return {
      behavior: 'deny',
      message: answer.message?.trim() || 'The person denied this',
      ...(answer.interrupt === undefined ? {} : { interrupt: answer.interrupt }),
    };
  }
  const answer = answerSchemas.question.parse(inputs);
  return {
    behavior: 'allow',
    updatedInput: {
      questions: ask.questions,
      answers: answer.answers,
      ...(answer.response === undefined ? {} : { response: answer.response }),
    },
  };
}

function parse<T>(schema: z.ZodType<T>, inputs: JsonObject): T {
  const parsed = schema.safeParse(inputs);
  if (parsed.success) return parsed.data;
  const fields = fieldErrorsOf(parsed.error.issues);
  throw new AirlockError('invalid_inputs', 'The answer has another form than asked for', { fields });
}
