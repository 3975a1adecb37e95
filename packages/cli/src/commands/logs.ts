import { join } from 'node:path';
import { type Context, connect } from '../context.ts';
import { followEvents, storedEvents } from '../events/read-events.ts';
import { renderEvent } from '../events/render-event.ts';
import { Failure } from '../failure.ts';
import { tailFile } from '../local/tail.ts';
import { renderLogLine } from '../render-log-line.ts';
import { printJson } from '../terminal.ts';

export interface LogsOptions {
  readonly follow?: boolean;
  readonly json?: boolean;
  /** Lines of the host's log to begin with. */
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

/** Shows the host's log, or the events of one execution. */
export async function logs(context: Context, execution: string | undefined, options: LogsOptions): Promise<number> {
  if (execution === undefined) await hostLog(context, options);
  else await executionLog(context, execution, options);
  return 0;
}
