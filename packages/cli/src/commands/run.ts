import { randomUUID } from 'node:crypto';
import { serviceSchema } from '@airlock/protocol/api';
import { idSchema } from '@airlock/protocol/ids';
import * as z from 'zod';
import { type Context, connect } from '../context.ts';
import { inputsOf } from '../inputs.ts';
import { printJson } from '../terminal.ts';
import { executionLog } from './logs.ts';

export interface RunOptions {
  readonly field: readonly string[];
  readonly follow?: boolean;
  readonly idempotencyKey?: string;
  readonly json?: boolean;
}

/** Starts a service and prints the id of its execution; with `follow` also its log. */
export async function run(context: Context, name: string, options: RunOptions): Promise<number> {
  const api = await connect(context);
  const path = `/services/${encodeURIComponent(name)}`;
  const { elements } = await api.get(path, serviceSchema);
  const inputs = await inputsOf(elements, options.field, api.upload);
  const key = options.idempotencyKey ?? randomUUID();
  const { id } = await api.post(`${path}/executions`, { inputs }, z.object({ id: idSchema }), key);
  if (options.json === true) printJson(context.terminal, { id });
  else context.terminal.out(`${id}\n`);
  if (options.follow === true) {
    await executionLog(context, id, { follow: true, ...(options.json === true ? { json: true } : {}) });
  }
  return 0;
}
