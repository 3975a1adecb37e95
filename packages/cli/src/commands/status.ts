import { executionSummarySchema, listSchema, type System, systemSchema } from '@airlock/protocol/api';
import type { ExecutionStatus } from '@airlock/protocol/executions';
import { sizeInWords } from '@airlock/protocol/files/file';
import * as z from 'zod';
import { type ApiClient, createApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { findHost } from '../local/find-host.ts';
import { columns, printJson } from '../terminal.ts';

const pageSize = 100;
const open: readonly ExecutionStatus[] = ['starting', 'running', 'awaiting'];

interface Count {
  readonly count: number;
  /** There are more than were counted. */
  readonly more: boolean;
}

async function countExecutions(api: ApiClient, status: ExecutionStatus): Promise<Count> {
  const path = `/executions?status=${status}&limit=${pageSize}`;
  const { items, next } = await api.get(path, listSchema(executionSummarySchema));
  return { count: items.length, more: next !== null };
}

/** Why the host is not ready, or undefined when it is. */
async function readiness(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(new URL('/api/ready', url), { signal: AbortSignal.timeout(10_000) });
    if (response.ok) return undefined;
    return z
      .object({ reasons: z.array(z.string()) })
      .parse(await response.json())
      .reasons.join('; ');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function describeModel(system: System): string {
  return system.model === 'simulated'
    ? 'simulated: replies come from a script, not from Claude (set ANTHROPIC_API_KEY)'
    : `api (${system.upstream})`;
}

/** Shows what runs; exit code 1 when nothing does. */
export async function status(context: Context, options: { json?: boolean }): Promise<number> {
  const { settings, terminal } = context;
  const found = await findHost(settings.home);
  if (found.state !== 'running') {
    const silent = found.state === 'silent' ? { pid: found.file.pid, url: found.file.url } : {};
    if (options.json === true)
      printJson(terminal, { running: false, state: found.state, home: settings.home, ...silent });
    else if (found.state === 'none') terminal.out('Airlock is not running\n  → Start it with `npm start`\n');
    else
      terminal.out(
        `Airlock does not answer (process ${found.file.pid})\n  → Stop it with \`npm stop\`, then start it\n`,
      );
    return 1;
  }
  const { pid, url, startedAt } = found.file;
  const api = createApiClient(found.file);
  const [system, problem, counts] = await Promise.all([
    api.get('/system', systemSchema),
    readiness(url),
    Promise.all(open.map(async (name) => [name, await countExecutions(api, name)] as const)),
  ]);
  if (options.json === true) {
    const executions = Object.fromEntries(counts.map(([name, { count }]) => [name, count]));
    const ready = { ready: problem === undefined, ...(problem === undefined ? {} : { problem }) };
    printJson(terminal, { running: true, url, pid, startedAt, home: settings.home, ...ready, executions, ...system });
    return 0;
  }
  const engine = system.engine === null ? 'none' : `${system.engine.name} ${system.engine.version}`;
  const executions = counts.map(([name, { count, more }]) => `${count}${more ? '+' : ''} ${name}`).join(', ');
  terminal.out(
    columns([
      ['url', url],
      ['process', `${pid}, since ${startedAt}`],
      ['ready', problem === undefined ? 'yes' : `no: ${problem}`],
      ['model', describeModel(system)],
      ['engine', engine],
      ['image', `${system.image.reference}${system.image.usable ? '' : ' (not usable)'}`],
      [
        'ready',
        `${system.warm.count} of ${system.warm.most} containers ahead of time, ${sizeInWords(system.warm.memoryBytes)}`,
      ],
      ['store', system.store],
      ['executions', executions],
      ['home', settings.home],
    ]),
  );
  return 0;
}
