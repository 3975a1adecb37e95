import { resolve } from 'node:path';
import type { Context } from '../context.ts';
import { exitCodeOf, spawnHost } from '../local/host-process.ts';

export interface BackupOptions {
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Has the host program make or restore a backup, which shows how it goes by itself. A relative file counts from here. */
export async function backup(
  { settings, signal }: Context,
  command: 'backup' | 'restore',
  file: string,
  options: BackupOptions,
): Promise<number> {
  const flags = [...(options.force === true ? ['--force'] : []), ...(options.json === true ? ['--json'] : [])];
  if (signal.aborted) return 130;
  const child = spawnHost(settings, [command, resolve(file), ...flags]);
  const forward = () => child.kill('SIGTERM');
  signal.addEventListener('abort', forward, { once: true });
  const code = await exitCodeOf(child);
  signal.removeEventListener('abort', forward);
  return code;
}
