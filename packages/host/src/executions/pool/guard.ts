import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Sees to it that service processes end with the host, also those too busy to notice: a shell that holds one end of a
 * pipe, reads the process groups there are now, and kills the last it read when the pipe breaks, however the host ended.
 */
export interface Guard {
  /** Takes the process group under guard. */
  add(group: number): void;
  remove(group: number): void;
  /** Resolves when the shell has ended. */
  stop(): Promise<void>;
}

const script = `trap '' INT TERM HUP
while read -r line; do groups=$line; done
[ -z "$groups" ] || kill -s KILL -- $groups`;

export function createGuard(onProblem: (error: Error) => void): Guard {
  const groups = new Set<number>();
  let shell: ChildProcess | undefined;

  function start(): ChildProcess {
    const started = spawn('/bin/sh', ['-c', script, 'airlock-guard'], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: '/',
      env: {},
    });
    const forget = () => {
      if (shell === started) shell = undefined;
    };
    started.once('exit', forget);
    started.once('error', (error) => {
      forget();
      onProblem(error);
    });
    started.stdin?.on('error', forget);
    started.unref();
    return started;
  }

  /** In the pipe when this returns, for it is never full. */
  function tell(): void {
    shell ??= start();
    shell.stdin?.write(`${[...groups].map((group) => `-${group}`).join(' ')}\n`);
  }

  return {
    add(group) {
      groups.add(group);
      tell();
    },
    remove(group) {
      if (groups.delete(group)) tell();
    },
    async stop() {
      const last = shell;
      if (last?.pid === undefined) return;
      last.ref();
      const ended = new Promise((resolve) => last.once('exit', resolve));
      last.stdin?.end();
      await ended;
    },
  };
}
