import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

export type ClaudeChild = ChildProcessByStdio<Writable, Readable, Readable>;

/** How the CLI is started. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Out of memory, the kernel takes the CLI before the runner. Not all kernels let a process say so: that is no failure. */
const launcher = '{ echo 500 >/proc/self/oom_score_adj; } 2>/dev/null; exec "$0" "$@"';

export function spawnClaude({ command, args, cwd, env }: Launch): ClaudeChild {
  const child = spawn('/bin/sh', ['-c', launcher, command, ...args], {
    ...(cwd === undefined ? {} : { cwd }),
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => undefined);
  return child;
}
