import { sessionSettingsSchema } from '@airlock/protocol/api';
import { replyField } from '../attach/reply-field.ts';
import { type Context, connect } from '../context.ts';
import { UsageFailure } from '../failure.ts';
import { targetOf } from '../target.ts';
import { printJson } from '../terminal.ts';

interface Options {
  readonly json?: boolean;
}

export interface SetOptions extends Options {
  readonly mode?: string;
  readonly model?: string;
  readonly effort?: string;
}

function finish({ terminal }: Context, { json }: Options, did: object, text: string): number {
  if (json === true) printJson(terminal, did);
  else terminal.out(`✓ ${text}\n`);
  return 0;
}

/** Says something to Claude: as the reply its execution waits for, else in the turn in progress or a new one. */
export async function say(context: Context, id: string, words: readonly string[], options: Options): Promise<number> {
  const api = await connect(context);
  const text = words.join(' ');
  const { session, requests } = await targetOf(api, id);
  const form = requests.find((request) => request.kind === 'form' && request.name === 'claude-input');
  const field = form?.kind === 'form' ? replyField(form.elements) : undefined;
  if (form !== undefined && field !== undefined) {
    await api.act('POST', `/requests/${form.id}/answer`, { inputs: { [field]: text } });
    return finish(context, options, { request: form.id, answered: true }, 'Replied');
  }
  const said = await session();
  await api.act('POST', `/sessions/${said}/messages`, { text });
  return finish(context, options, { session: said, said: true }, 'Said; Claude is told at its next step');
}

/** Stops the turn in progress. */
export async function interrupt(context: Context, id: string, options: Options): Promise<number> {
  const api = await connect(context);
  const session = await (await targetOf(api, id)).session();
  await api.act('POST', `/sessions/${session}/interrupt`);
  return finish(context, options, { session, interrupted: true }, 'The turn is stopped, if there is one');
}

/** Changes how Claude works from now on. */
export async function set(context: Context, id: string, options: SetOptions): Promise<number> {
  const { mode, model, effort } = options;
  const asUsual = (value: string) => (value === '-' ? null : value);
  const body = sessionSettingsSchema.safeParse({
    ...(mode === undefined ? {} : { permissionMode: mode }),
    ...(model === undefined ? {} : { model: asUsual(model) }),
    ...(effort === undefined ? {} : { effort: asUsual(effort) }),
  });
  if (!body.success) {
    const detail = body.error.issues.map(({ path, message }) => [...path, message].join(': ')).join('; ');
    throw new UsageFailure('Claude cannot work like that', detail, 'See `airlock set --help`');
  }
  const api = await connect(context);
  const session = await (await targetOf(api, id)).session();
  await api.act('PATCH', `/sessions/${session}`, body.data);
  return finish(context, options, { session, ...body.data }, 'Claude works like this from now on');
}

/** Ends an execution for good. */
export async function cancel(context: Context, execution: string, options: Options): Promise<number> {
  await (await connect(context)).act('POST', `/executions/${encodeURIComponent(execution)}/cancel`);
  return finish(context, options, { id: execution, cancelled: true }, 'It is being cancelled');
}
