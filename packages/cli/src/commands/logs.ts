import { join } from 'node:path';
import { sessionLogSchema } from '@airlock/protocol/inside';
import { type Context, connect } from '../context.ts';
import { followEvents, storedEvents } from '../events/read-events.ts';
import { renderEvent } from '../events/render-event.ts';
import { Failure } from '../failure.ts';
import { tailFile } from '../local/tail.ts';
import { plain } from '../plain.ts';
import { renderLogLine } from '../render-log-line.ts';
import { targetOf } from '../target.ts';
import { paint, printJson } from '../terminal.ts';

export interface LogsOptions {
  readonly follow?: boolean;
  readonly json?: boolean;
  /** What was printed in the container of its conversation, instead of its events. */
  readonly session?: boolean;
  /** Lines of the host's log to begin with, or of a container's. */
  readonly lines: number;
}

async function hostLog(context: Context, options: LogsOptions): Promise<void> {
  const { terminal, settings } = context;
  const path = join(settings.home, 'logs', 'host.log');
  const onLine = (line: string) => terminal.out(options.json === true ? `${line}\n` : renderLogLine(terminal, line));
  try {
    await tailFile(path, {
      count: options.lines,
      follow: options.follow === true ? context.signal : undefined,
      onLine,
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Failure('There is no log yet', `${path} does not exist`, 'Start Airlock with `npm start`', {
      cause: error,
    });
  }
}

/** Prints an execution's events; with `follow` until it ends. */
export async function executionLog(
  context: Context,
  execution: string,
  options: { readonly follow?: boolean; readonly json?: boolean },
): Promise<void> {
  const { terminal } = context;
  const events =
    options.follow === true
      ? followEvents(() => connect(context), execution, { signal: context.signal })
      : storedEvents(await connect(context), execution);
  for await (const event of events) {
    if (options.json === true) printJson(terminal, event);
    else terminal.out(renderEvent(terminal, event));
  }
}

/** Most lines of a container's log that are asked for. */
const mostLines = 1_000;

async function containerLog(context: Context, id: string, { json, lines: tail }: LogsOptions): Promise<void> {
  const { terminal } = context;
  const api = await connect(context);
  const session = await (await targetOf(api, id)).session();
  const log = await api.get(`/sessions/${session}/logs?tail=${Math.min(tail, mostLines)}`, sessionLogSchema);
  if (json === true) return printJson(terminal, log);
  for (const { at, text } of log.earlier) terminal.out(`${paint(terminal, 'dim', `${at} ended `)} ${plain(text)}\n`);
  for (const { at, by, text } of log.lines) {
    terminal.out(`${paint(terminal, 'dim', `${at} ${by.padEnd(6)}`)} ${plain(text)}\n`);
  }
  if (log.why !== null) terminal.out(`${log.why}\n`);
}

/** Shows the host's log, the events of one execution, or what was printed in the container of its conversation. */
export async function logs(context: Context, execution: string | undefined, options: LogsOptions): Promise<number> {
  if (execution === undefined) await hostLog(context, options);
  else if (options.session === true) await containerLog(context, execution, options);
  else await executionLog(context, execution, options);
  return 0;
}
