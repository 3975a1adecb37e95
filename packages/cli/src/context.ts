import { type ApiClient, createApiClient } from './api-client.ts';
import type { Tty } from './attach/screen.ts';
import { requireHost } from './local/find-host.ts';
import type { Settings } from './settings.ts';
import type { Terminal } from './terminal.ts';

/** What every command is given. */
export interface Context {
  /** Read when first asked for; throws `config_invalid`. */
  readonly settings: Settings;
  readonly terminal: Terminal;
  /** The terminal somebody sits at; undefined when input or output is none, or it cannot rewrite a line. */
  readonly tty: Tty | undefined;
  /** Aborted by Ctrl-C or when the process is told to end. A command that reads it takes over the signals. */
  readonly signal: AbortSignal;
}

/** Connects to the running host, or explains why that is not possible. */
export async function connect(context: Context): Promise<ApiClient> {
  return createApiClient(await requireHost(context.settings.home));
}
