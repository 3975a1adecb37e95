import { executionSummarySchema, listSchema } from '@airlock/protocol/api';
import { type Context, connect } from '../context.ts';
import { plainLine } from '../plain.ts';
import { columns, printJson } from '../terminal.ts';

export interface PsOptions {
  readonly json?: boolean;
  readonly status?: string;
  readonly limit: number;
}

/** Lists executions, the newest first. */
export async function ps(context: Context, options: PsOptions): Promise<number> {
  const query = new URLSearchParams({ limit: String(options.limit) });
  if (options.status !== undefined) query.set('status', options.status);
  const list = await (await connect(context)).get(`/executions?${query}`, listSchema(executionSummarySchema));
  if (options.json === true) {
    printJson(context.terminal, list);
    return 0;
  }
  const rows = list.items.map((item) => [
    item.id,
    item.status,
    plainLine(item.service, 24),
    item.startedAt.replace('T', ' ').slice(0, 16),
    plainLine(item.excerpt, 60),
    plainLine(item.waitsFor?.text ?? '', 80),
  ]);
  context.terminal.out(rows.length > 0 ? columns(rows) : 'There are no executions\n');
  return 0;
}
