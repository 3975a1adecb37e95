import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { hostFlags } from '@airlock/cli/local/host-process';
import type { ToBenchHost } from './host.ts';

type Unnumbered<T> = T extends { n: number } ? Omit<T, 'n'> : never;

/** A benchmark's host in a process of its own. */
export interface BenchHost {
  readonly pid: number;
  ask<T>(message: Unnumbered<ToBenchHost>): Promise<T>;
  kill(): Promise<void>;
}

export async function startBenchHost(store: string): Promise<BenchHost> {
  const child: ChildProcess = fork(
    join(import.meta.dirname, 'host.ts'),
    [store, join(import.meta.dirname, '../services')],
    {
      execArgv: ['--expose-gc', ...hostFlags],
    },
  );
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let last = 0;
  await once(child, 'message');
  child.on('message', ({ n, value, error }: { n: number; value?: unknown; error?: string }) => {
    if (error === undefined) waiting.get(n)?.resolve(value);
    else waiting.get(n)?.reject(new Error(error));
    waiting.delete(n);
  });
  return {
    pid: child.pid ?? 0,
    async ask<T>(message: Unnumbered<ToBenchHost>) {
      last += 1;
      const answer = Promise.withResolvers<unknown>();
      waiting.set(last, answer);
      child.send({ ...message, n: last });
      return (await answer.promise) as T;
    },
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
