import { listSchema, type ServiceSummary, serviceSummarySchema } from '@airlock/protocol/api';
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
    item.hash,
    aboutOf(item),
  ]);
  context.terminal.out(rows.length > 0 ? columns(rows) : 'There are no services\n');
  for (const { name, older } of list.items) {
    for (const { hash, version, open } of older) {
      const executions = open === 1 ? '1 open execution' : `${open} open executions`;
      context.terminal.out(`${plainLine(name, 40)} ${plainLine(version, 16)} (${hash}) still has ${executions}\n`);
    }
  }
  return 0;
}

function aboutOf({ state, title, description, problem }: ServiceSummary): string {
  const why = plainLine(problem ?? '', 90);
  if (state !== 'ready') return `✗ ${why}`;
  return problem === undefined ? plainLine(description || title, 90) : `! Its newest source is not served: ${why}`;
}
