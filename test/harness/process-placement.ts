import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Placement } from '@airlock/host/placement/placement';
import { AirlockError } from '@airlock/protocol/errors';
import { vi } from 'vitest';
import { root } from './host.ts';

/** Containers that are groups of processes: the real runner and the real CLI in folders, killed like a container. */
export interface ProcessPlacement extends Placement {
  /** What sessions work in; outlives their containers. */
  readonly workspace: string;
  /** Home of each container started, in order. */
  readonly homes: readonly string[];
  /** Kills whatever runs. */
  kill(): Promise<void>;
  /** Kills whatever runs and removes the folders. */
  end(): Promise<void>;
}

const claude = join(root, 'node_modules/@anthropic-ai/claude-agent-sdk-linux-x64/claude');
const unused = () => Promise.reject(new RangeError('not used here'));

/** `late`: a CLI that resumes hears nothing before it has nothing more to do by itself. */
export function createProcessPlacement({ late = false } = {}): ProcessPlacement {
  const dir = mkdtempSync(join(tmpdir(), 'airlock-processes-'));
  const workspace = join(dir, 'workspace');
  for (const path of [workspace, join(dir, 'project')]) mkdirSync(path);
  const shell = join(dir, 'bash');
  writeFileSync(shell, '#!/bin/sh\nexec /bin/bash "$@"\n', { mode: 0o755 });
  const lateClaude = join(dir, 'claude');
  const program = join(root, 'test/harness/late-claude.ts');
  writeFileSync(lateClaude, `#!/bin/sh\nexec ${process.execPath} ${program} ${claude} "$@"\n`, { mode: 0o755 });
  const homes: string[] = [];
  const running = new Map<string, ChildProcess>();

  function isRunning(id: string): boolean {
    const runner = running.get(id);
    return runner !== undefined && runner.exitCode === null && runner.signalCode === null;
  }

  async function remove(id: string): Promise<void> {
    const runner = running.get(id);
    if (!runner?.pid || !isRunning(id)) return;
    const exited = once(runner, 'exit');
    process.kill(-runner.pid, 'SIGKILL');
    await exited;
  }

  async function kill(): Promise<void> {
    await Promise.all([...running.keys()].map(remove));
  }

  return {
    workspace,
    homes,
    kill,
    async end() {
      await kill();
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
    start(spec) {
      const id = randomUUID();
      const home = join(dir, id);
      homes.push(home);
      mkdirSync(join(home, '.claude'), { recursive: true });
      const runner = spawn(process.execPath, [join(root, 'packages/runner/src/main.ts')], {
        detached: true,
        stdio: ['ignore', 'ignore', 'inherit'],
        env: {
          HOME: home,
          PATH: process.env.PATH ?? '',
          AIRLOCK_CLAUDE: late ? lateClaude : claude,
          AIRLOCK_PROJECT: join(dir, 'project'),
          AIRLOCK_WORKSPACE: workspace,
          AIRLOCK_SHELL: shell,
          AIRLOCK_SOCKET: id,
          AIRLOCK_SESSION: JSON.stringify(spec.session),
        },
      });
      running.set(id, runner);
      return Promise.resolve({ id, session: spec.session.session });
    },
    settle: () => Promise.resolve(),
    claim: () => Promise.resolve(),
    async bridge(id) {
      const socket = await vi.waitFor(
        async () => {
          if (!isRunning(id)) return undefined;
          const connection = connect(`\0${id}`);
          await once(connection, 'connect');
          return connection;
        },
        { interval: 10, timeout: 20_000 },
      );
      if (!socket) throw new AirlockError('container_lost', 'Its processes have ended');
      return socket;
    },
    inspect(id) {
      if (isRunning(id)) return Promise.resolve({ kind: 'running' });
      return Promise.resolve({ kind: 'exited', code: running.get(id)?.exitCode ?? 137, outOfMemory: false });
    },
    waitExit: unused,
    lastWords: () => Promise.resolve(''),
    log: () => Promise.resolve([]),
    look: () => Promise.reject(new RangeError('It has no container')),
    workspaceBytes: unused,
    unpack: unused,
    findFiles: () => Promise.resolve([]),
    pack: () => Promise.resolve(undefined),
    scan: unused,
    packPaths: unused,
    startReader: unused,
    removeReader: unused,
    run: unused,
    remove,
    removeWorkspace: () => Promise.resolve(),
    list: () => Promise.resolve([]),
    listWorkspaces: () => Promise.resolve([]),
  };
}
