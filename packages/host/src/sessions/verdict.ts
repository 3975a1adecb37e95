import { AirlockError, type FieldErrors } from '@airlock/protocol/errors';
import { type JsonObject, jsonObjectSchema } from '@airlock/protocol/json';
import { answerSchemas, type SessionAsk } from '@airlock/protocol/requests';
import type { Verdict } from '@airlock/protocol/wire';
import type * as z from 'zod';

/** Checks an answer to a session's request; throws `invalid_inputs` with the fields that do not fit. */
export function checkAnswer(ask: SessionAsk, inputs: JsonObject): JsonObject {
  if (ask.kind === 'tool') return jsonObjectSchema.parse(parse(answerSchemas.tool, inputs));
  const answer = parse(answerSchemas.question, inputs);
  const known = new Set(ask.questions.map(({ question }) => question));
  const fields: FieldErrors = {};
  for (const question of Object.keys(answer.answers)) {
    if (!known.has(question)) fields[question] = ['This was not asked'];
  }
  if (answer.response === undefined) {
    for (const question of known) {
      if (!answer.answers[question]?.trim()) fields[question] = ['Answer this question, or give one answer to all'];
    }
  }
  if (Object.keys(fields).length > 0) {
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
  const fields: FieldErrors = {};
  for (const issue of parsed.error.issues) {
    const name = String(issue.path[0] ?? '_global_');
    fields[name] = [...(fields[name] ?? []), issue.message];
  }
  throw new AirlockError('invalid_inputs', 'The answer has another form than asked for', { fields });
}
