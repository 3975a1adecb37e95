import { listSchema, serviceSummarySchema } from '@airlock/protocol/api';
import { type Context, connect } from '../context.ts';
import { plainLine } from '../plain.ts';
import { columns, printJson } from '../terminal.ts';

/** Lists what people can start. */
export async function services(context: Context, options: { json?: boolean }): Promise<number> {
  const list = await (await connect(context)).get('/services', listSchema(serviceSummarySchema));
  if (options.json === true) {
    printJson(context.terminal, list);
    return 0;
  }
  const rows = list.items.map((item) => [
    plainLine(item.name, 40),
    plainLine(item.version, 16),
    item.state === 'ready' ? plainLine(item.description || item.title, 90) : `✗ ${plainLine(item.problem ?? '', 90)}`,
  ]);
  context.terminal.out(rows.length > 0 ? columns(rows) : 'There are no services\n');
  return 0;
}
