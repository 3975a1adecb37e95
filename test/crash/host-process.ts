import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../harness/host.ts';
import type { FromHost, HostSpec, ToHost } from './channel.ts';

type Asked = Extract<FromHost, { type: 'asked' }>;
type Ended = Extract<FromHost, { type: 'ended' }>;

interface HostHandlers {
  readonly onAsked?: (asked: Asked) => void;
  readonly onEnded?: (ended: Ended) => void;
  readonly onOwned?: (change: Extract<FromHost, { executions: unknown }>) => void;
}

/** A refusal of the host, or that it ended before it answered. */
export class Refused extends Error {
  readonly code: string;

  constructor(code: string, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
  }
}

/** A host under test (`host.ts`) in a process of its own. */
export interface HostProcess {
  /** Resolves with its id once everything open is taken up; rejects when it ends before. */
  readonly ready: Promise<string>;
  readonly exited: Promise<void>;
  /** Rejects with `Refused`. */
  launch(inputs: Readonly<Record<string, string>>, key: string): Promise<string>;
  answer(request: string, words: string): Promise<void>;
  note(execution: string, text: string): Promise<string>;
  killService(): void;
  signal(signal: NodeJS.Signals): void;
}

type Unnumbered<T> = T extends { n: number } ? Omit<T, 'n'> : never;

export function startHostProcess(spec: HostSpec, handlers: HostHandlers = {}): HostProcess {
  const child: ChildProcess = fork(join(import.meta.dirname, 'host.ts'), [JSON.stringify(spec)], {
    env: { PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE: join(root, '.airlock', 'cache', 'compile-test') },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ready = Promise.withResolvers<string>();
  const waiting = new Map<number, PromiseWithResolvers<string>>();
  let last = 0;
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      const gone = new Refused('gone', 'The host ended');
      ready.reject(gone);
      for (const { reject } of waiting.values()) reject(gone);
      waiting.clear();
      resolve();
    });
  });
  ready.promise.catch(() => undefined);
  child.on('message', (raw) => {
    const message = raw as FromHost;
    switch (message.type) {
      case 'ready':
        return ready.resolve(message.host);
      case 'asked':
        return handlers.onAsked?.(message);
      case 'ended':
        return handlers.onEnded?.(message);
      case 'claimed':
      case 'lost':
        return handlers.onOwned?.(message);
      case 'done':
        waiting.get(message.n)?.resolve(message.value);
        break;
      case 'refused':
        waiting.get(message.n)?.reject(new Refused(message.code, message.detail));
    }
    waiting.delete(message.n);
  });

  async function ask(message: Unnumbered<ToHost>): Promise<string> {
    last += 1;
    const answer = Promise.withResolvers<string>();
    waiting.set(last, answer);
    if (!child.connected) throw new Refused('gone', 'The host has ended');
    child.send({ ...message, n: last }, () => undefined);
    return await answer.promise;
  }

  return {
    ready: ready.promise,
    exited,
    launch: (inputs, key) => ask({ type: 'launch', inputs, key }),
    async answer(request, words) {
      await ask({ type: 'answer', request, inputs: { words } });
    },
    note: (execution, text) => ask({ type: 'note', execution, text }),
    killService: () => void child.send({ type: 'kill-service' } satisfies ToHost),
    signal: (signal) => void child.kill(signal),
  };
}
