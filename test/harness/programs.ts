import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { type HostOptions, root, spawnHost } from './host.ts';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Child = ReturnType<typeof spawn>;

async function ended(child: Child): Promise<Ended> {
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, ...said };
}

/** Runs a subcommand of the host to its end. */
export async function runHost(
  home: string,
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<Ended> {
  return await ended(spawnHost(home, {} satisfies HostOptions, env, ...args));
}

/** Runs the host as somebody without rights. When the tests have none themselves, as they are. */
export async function runHostUnprivileged(home: string, ...args: readonly string[]): Promise<Ended> {
  const nobody = process.getuid?.() === 0 ? { uid: 1000, gid: 1000 } : {};
  const main = join(root, 'packages/host/src/main.ts');
  const { PATH = '' } = process.env;
  return await ended(
    spawn(process.execPath, [main, ...args], {
      ...nobody,
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH,
        HOME: home,
        AIRLOCK_HOME: home,
        AIRLOCK_PORT: '0',
        DOCKER_HOST: `unix://${join(home, 'docker.sock')}`,
      },
    }),
  );
}

/** Runs the `airlock` command on a home. */
export async function runCommand(home: string, ...args: readonly string[]): Promise<Ended> {
  const { PATH = '', HOME = '/root' } = process.env;
  return await ended(
    spawn(process.execPath, [join(root, 'packages/cli/src/main.ts'), ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH, HOME, AIRLOCK_HOME: home, AIRLOCK_PORT: '0' },
    }),
  );
}
