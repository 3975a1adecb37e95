import { access } from 'node:fs/promises';
import { AirlockError } from '@airlock/protocol/errors';
import { aptInstall, findProgram, isDebianLike, readOsRelease } from './debian.ts';
import type { EnginePlan, Machine } from './engine-plan.ts';
import { probeEngine } from './probe-engine.ts';
import { type Environment, runProgram } from './run-program.ts';
import { startDockerd } from './start-dockerd.ts';

/** Reads what {@link Machine} asks for. */
export async function readMachine(options: {
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  readonly uid: number | undefined;
}): Promise<Machine> {
  const osRelease = await readOsRelease();
  return {
    platform: options.platform,
    root: options.uid === 0,
    debian: isDebianLike(osRelease),
    distribution: /^ID="?([\w-]+)/m.exec(osRelease)?.[1] ?? '',
    systemd: await exists('/run/systemd/system'),
    dockerd: (await findProgram('dockerd', options.env)) !== undefined,
    dockerHost: (options.env.DOCKER_HOST ?? '') !== '',
  };
}

export interface InstallEngineOptions {
  readonly env: Environment;
  /** Where dockerd's log goes when we start it ourselves. */
  readonly logFolder: string;
  readonly onLine: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

const socket = { kind: 'socket', path: '/var/run/docker.sock' } as const;

/** Carries a plan out and resolves when the engine answers. A manual plan is the caller's to show. */
export async function installEngine(plan: EnginePlan, options: InstallEngineOptions): Promise<void> {
  if (plan.kind === 'manual') throw new AirlockError('engine_not_found', plan.command);
  const run = {
    env: options.env,
    onLine: options.onLine,
    failure: 'engine_not_found',
    signal: options.signal,
  } as const;
  if (plan.kind === 'install') await aptInstall(['docker.io', 'iptables', 'ca-certificates'], run);
  if (plan.systemd) {
    await runProgram('systemctl', ['enable', '--now', 'docker'], { ...run, failure: 'engine_unreachable' });
  } else if ((await probeEngine(socket)).kind !== 'ok') {
    await startDockerd({ ...options, isUp: async () => (await probeEngine(socket)).kind === 'ok' });
  }
  const result = await probeEngine(socket);
  if (result.kind !== 'ok') {
    throw new AirlockError('engine_unreachable', `Docker was started, but ${socket.path} does not answer`);
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
