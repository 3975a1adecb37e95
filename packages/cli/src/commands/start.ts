import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { findHost } from '../local/find-host.ts';
import { exitCodeOf, spawnHost } from '../local/host-process.ts';
import { ensurePanel } from '../local/panel.ts';

async function refuseSecond(home: string): Promise<void> {
  const found = await findHost(home);
  if (found.state === 'running') {
    throw new Failure(
      'Airlock is already running',
      `${found.file.url} (process ${found.file.pid})`,
      'Open that address, or stop it with `npm stop`',
    );
  }
  if (found.state === 'silent') {
    throw new Failure(
      'Airlock is already running, but does not answer',
      `process ${found.file.pid} should serve ${found.file.url}`,
      'Stop it with `npm stop`, then start it again',
    );
  }
}

/**
 * Runs the host in the foreground until it ends or is told to. A terminal's Ctrl-C reaches the host by itself; every
 * signal this process gets is passed on as one SIGTERM, which a host that is stopping already ignores.
 */
export async function start(context: Context, options: { yes?: boolean }): Promise<number> {
  const { settings, terminal, signal } = context;
  await refuseSecond(settings.home);
  await ensurePanel(settings, terminal);
  if (signal.aborted) return 130;
  const host = spawnHost(settings, options.yes === true ? ['serve', '--yes'] : ['serve']);
  const forward = () => host.kill('SIGTERM');
  signal.addEventListener('abort', forward, { once: true });
  const code = await exitCodeOf(host);
  signal.removeEventListener('abort', forward);
  return code;
}
