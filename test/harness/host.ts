import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { hostFlags } from '@airlock/cli/local/host-process';
import Docker from 'dockerode';

export const root = join(import.meta.dirname, '..', '..');
export const adminPassword = 'correct horse battery';
/** The key hosts under test are given; it must never reach a container. */
export const testKey = 'sk-ant-test-0123456789abcdefghijklmnopqrstuvwxyz';

export interface HostOptions {
  /** Model API; without it the host simulates one. */
  readonly upstream?: string;
  readonly key?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A folder that is there already; it goes with the host. Without it a new one is made. */
  readonly home?: string;
}

/** A real host with a home of its own, which it keeps over restarts. */
export interface TestHost {
  readonly home: string;
  /** What its containers are labelled with. */
  readonly installation: string;
  /** Changes with every start. */
  readonly url: string;
  readonly token: string;
  readonly pid: number;
  /** What it printed. */
  readonly output: () => string;
  /** As if the machine had lost it. */
  kill(): Promise<void>;
  start(env?: Readonly<Record<string, string>>): Promise<void>;
  /** Resolves with the exit code. */
  stop(): Promise<number | null>;
  /** Ends every session and removes the home. */
  remove(): Promise<void>;
}

/** Starts a host and resolves when it is ready. Rejects with its output when it ends first. */
export async function startHost(options: HostOptions = {}): Promise<TestHost> {
  const { home = mkdtempSync(join(tmpdir(), 'airlock-home-')) } = options;
  let running = await launch(home, options, {});

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    running.child.kill(signal);
    return await running.exited;
  }

  return {
    home,
    installation: installationOf(home),
    get url() {
      return running.url;
    },
    get token() {
      return running.token;
    },
    get pid() {
      return running.child.pid ?? 0;
    },
    output: () => running.output(),
    async kill() {
      await end('SIGKILL');
    },
    async start(env = {}) {
      running = await launch(home, options, env);
    },
    stop: () => end('SIGTERM'),
    async remove() {
      await end('SIGTERM');
      const ending = spawnHost(home, options, {}, 'end-sessions');
      await new Promise((resolve) => ending.once('exit', resolve));
      await removeWorkspaces(installationOf(home));
      rmSync(home, { recursive: true, force: true });
    },
  };
}

const installationOf = (home: string) => createHash('sha256').update(home).digest('hex').slice(0, 12);

/** Workspaces outlive their sessions on purpose; those of a home that goes have no owner any more. */
async function removeWorkspaces(installation: string): Promise<void> {
  const engine = new Docker();
  const { Volumes } = await engine.listVolumes({ filters: { label: [`airlock.home=${installation}`] } });
  for (const { Name } of Volumes) await engine.getVolume(Name).remove();
}

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
  readonly token: string;
  readonly exited: Promise<number | null>;
  readonly output: () => string;
}

/** Starts `main.ts` with a subcommand, in the surroundings of a host under test. */
export function spawnHost(
  home: string,
  options: HostOptions,
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): ChildProcess {
  const { PATH = '', HOME = '/root', SSL_CERT_FILE } = process.env;
  return spawn(process.execPath, [...hostFlags, join(root, 'packages/host/src/main.ts'), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH,
      HOME,
      ...(SSL_CERT_FILE === undefined ? {} : { SSL_CERT_FILE }),
      NODE_COMPILE_CACHE: join(root, '.airlock', 'cache', 'compile-test'),
      AIRLOCK_HOME: home,
      AIRLOCK_PORT: '0',
      AIRLOCK_ADMIN_PASSWORD: adminPassword,
      // Tests count containers; those about spares ask for them.
      AIRLOCK_WARM: '0',
      ...(options.upstream === undefined
        ? {}
        : { ANTHROPIC_BASE_URL: options.upstream, ANTHROPIC_API_KEY: options.key ?? testKey }),
      ...options.env,
      ...env,
    },
  });
}

async function launch(home: string, options: HostOptions, env: Readonly<Record<string, string>>): Promise<Running> {
  const child = spawnHost(home, options, env, 'serve', '--yes');
  let printed = '';
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const ready = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on('line', (line) => {
        printed = `${printed}${line}\n`.slice(-100_000);
        if (line.includes('is ready: http')) resolve();
      });
    }
  });
  const outcome = await Promise.race([ready.then(() => 'ready' as const), exited]);
  if (outcome !== 'ready') throw new Error(`The host ended with code ${outcome} before it was ready:\n${printed}`);
  const { url, token } = JSON.parse(readFileSync(join(home, 'host.json'), 'utf8'));
  return { child, url, token, exited, output: () => printed };
}
