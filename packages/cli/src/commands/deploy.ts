import { type Deployed, deployedSchema, listSchema } from '@airlock/protocol/api';
import { type Context, connect } from '../context.ts';
import { plain, plainLine } from '../plain.ts';
import { paint, printJson, startProgress, type Terminal } from '../terminal.ts';

interface DeployOptions {
  readonly move?: boolean;
  readonly json?: boolean;
}

/** Serves what is in the services folder now to new executions. Exit code 1 when something is refused. */
export async function deploy(context: Context, service: string | undefined, options: DeployOptions): Promise<number> {
  const { terminal } = context;
  const { move = false, json = false } = options;
  const api = await connect(context);
  const progress = json ? undefined : startProgress(terminal, `Deploying ${plainLine(service ?? 'all services', 80)}`);
  const body = { ...(service === undefined ? {} : { service }), move };
  const list = await api.post('/services/deploy', body, listSchema(deployedSchema)).catch((error: unknown) => {
    progress?.end('✗ Not deployed');
    throw error;
  });
  progress?.end('✓ Done');
  if (json) printJson(terminal, list);
  else for (const each of list.items) terminal.out(toText(terminal, each, move));
  return list.items.some(({ outcome }) => outcome === 'refused') ? 1 : 0;
}

function toText(terminal: Terminal, deployed: Deployed, move: boolean): string {
  const { service, outcome, version, hash, problem, breaking, moved, staying } = deployed;
  const name = plainLine(service, 64);
  const serves = hash === '' ? 'nothing is served' : `${plainLine(version, 16)} (${hash})`;
  const lines: string[] = [];
  if (outcome === 'refused') {
    lines.push(`${paint(terminal, 'red', '✗')} ${name}: refused, ${hash === '' ? serves : `${serves} serves on`}`);
    lines.push(...indent(plain(problem ?? '')));
    for (const each of breaking) {
      const request = each.request === null ? '' : `, request ${each.request}`;
      lines.push(`  execution ${each.execution}${request}`, ...indent(plainLine(each.problem, 400), '    '));
    }
  } else if (outcome === 'removed') lines.push(`✓ ${name}: removed`);
  else lines.push(`✓ ${name}: ${serves}${outcome === 'unchanged' ? ', unchanged' : ''}`);
  if (moved > 0) lines.push(`  ${count(moved)} ${moved === 1 ? 'goes' : 'go'} on with it`);
  if (staying > 0) {
    const hint = move || hash === '' ? '' : '; --move moves those that wait';
    lines.push(`  ${count(staying)} ${staying === 1 ? 'keeps its' : 'keep their'} version${hint}`);
  }
  return `${lines.join('\n')}\n`;
}

function count(executions: number): string {
  return executions === 1 ? '1 open execution' : `${executions} open executions`;
}

function indent(text: string, by = '  '): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `${by}${line}`);
}
