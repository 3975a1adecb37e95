import type { FromService, ToService } from '@airlock/protocol/service-channel';
import { type ServiceProcessOptions, startServiceProcess } from './service-process.ts';

type Run = Extract<ToService, { type: 'run' }>;

/** Plays executions against their logs in a process of its own. Nothing they ask for is done. */
export interface Rehearsal {
  /** Resolves with why the version cannot go on with it; undefined when it can. */
  play(run: Run): Promise<string | undefined>;
  /** Resolves when the process has ended. */
  stop(): Promise<void>;
}

interface Part {
  readonly known: ReadonlySet<string>;
  readonly end: (problem: string | undefined) => void;
}

/** Longer than a replay waits for calls that do not come. */
const timeoutMs = 15_000;

export async function startRehearsal(
  options: Omit<ServiceProcessOptions, 'onMessage' | 'onOutput'>,
): Promise<Rehearsal> {
  const parts = new Map<string, Part>();
  const process = startServiceProcess({ ...options, onMessage: take, onOutput: () => undefined });
  let ended: string | undefined;
  void process.exited.then((reason) => {
    ended = `Its process ended: ${reason}`;
    for (const { end } of parts.values()) end(ended);
  });

  function take(message: FromService): void {
    if (!('execution' in message)) return;
    const part = parts.get(message.execution);
    if (!part) return;
    if (message.type === 'parked' || message.type === 'finished') part.end(undefined);
    else if (message.type === 'failed') part.end(message.error.detail || message.error.title);
    // What is asked for anew comes only after everything in the log was asked for again.
    else if (message.type === 'call' && !part.known.has(message.key) && !isOutput(message)) part.end(undefined);
  }

  await process.loaded;
  return {
    async play(run) {
      if (ended !== undefined) return ended;
      const done = Promise.withResolvers<string | undefined>();
      const stop = options.time.after(timeoutMs, () => {
        done.resolve(`It did not get to where the execution waits within ${timeoutMs / 1000} s`);
      });
      parts.set(run.execution, { known: new Set(run.calls.map(({ key }) => key)), end: done.resolve });
      process.send(run);
      const problem = await done.promise;
      stop();
      parts.delete(run.execution);
      process.send({ type: 'forget', execution: run.execution });
      return problem;
    },
    async stop() {
      process.kill('the rehearsal is over');
      await process.exited;
    },
  };
}

function isOutput({ call }: Extract<FromService, { type: 'call' }>): boolean {
  return call.kind === 'emit' || call.kind === 'log';
}
