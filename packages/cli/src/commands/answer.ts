import type { JsonObject } from '@airlock/protocol/json';
import { type Request, requestSchema } from '@airlock/protocol/requests';
import { type AnswerOptions, answerInputs } from '../answer-inputs.ts';
import { type Context, connect } from '../context.ts';
import { printJson } from '../terminal.ts';

/** Answers a request as the local administrator. */
export async function answer(
  context: Context,
  id: string,
  options: AnswerOptions & { readonly json?: boolean },
): Promise<number> {
  const api = await connect(context);
  const path = `/requests/${encodeURIComponent(id)}`;
  const request: Request = await api.get(path, requestSchema);
  const inputs: JsonObject = await answerInputs(request, options, api.upload);
  await api.act('POST', `${path}/answer`, { inputs });
  if (options.json === true) printJson(context.terminal, { id, answered: true });
  else context.terminal.out('✓ Answered\n');
  return 0;
}
