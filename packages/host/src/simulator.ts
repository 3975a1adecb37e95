import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AirlockError } from '@airlock/protocol/errors';
import * as z from 'zod';

/** The simulated model, in a process of its own that ends with ours. */
export interface Simulator {
  readonly url: string;
  stop(): void;
}

interface SimulatorOptions {
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logger: { warn(fields: object, text: string): void };
}

const readySchema = z.object({ url: z.url(), port: z.number() });

/** Starts model-sim; if it ends by itself it is started again on the same port. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  let stopped = false;
  const first = await launch(options, 0);
  let child = first.child;

  function watch(port: number): void {
    child.once('exit', (code) => {
      if (stopped) return;
      options.logger.warn({ code }, 'The simulated model ended; starting it again');
      launch(options, port).then(
        (next) => {
          child = next.child;
          watch(port);
        },
        (error: unknown) => options.logger.warn({ error }, 'The simulated model does not start'),
      );
    });
  }
  watch(first.port);

  return {
    url: first.url,
    stop() {
      stopped = true;
      child.kill('SIGTERM');
    },
  };
}

async function launch(options: SimulatorOptions, port: number) {
  const main = join(options.root, 'packages/model-sim/src/main.ts');
  const child: ChildProcess = spawn(process.execPath, ['--max-semi-space-size=1', main, '--port', String(port)], {
    env: options.env,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  if (!child.stdout) throw new AirlockError('internal', 'model-sim has no output');
  const lines = createInterface({ input: child.stdout });
  const early = once(child, 'exit').then(() => {
    throw new AirlockError('internal', 'model-sim ended before it was ready');
  });
  const [line] = await Promise.race([once(lines, 'line'), early]);
  early.catch(() => undefined);
  const ready = readySchema.parse(JSON.parse(String(line)));
  return { child, ...ready };
}
