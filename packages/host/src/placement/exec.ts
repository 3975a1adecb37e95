import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { AirlockError } from '@airlock/protocol/errors';
import type { EngineClient } from '../engine/engine-client.ts';
import { engineStatus, toEngineError } from '../engine/engine-error.ts';
import { ExecStream } from './exec-stream.ts';

export interface ExecOptions {
  readonly client: EngineClient;
  readonly containerId: string;
  readonly command: readonly string[];
  readonly doing: string;
}

/** Runs a program in a container as uid 1000; the stream fails if the program does. */
export async function execStream(options: ExecOptions): Promise<ExecStream> {
  const { client, containerId, command, doing } = options;
  try {
    const exec = await client.getContainer(containerId).exec({
      Cmd: [...command],
      User: '1000:1000',
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Tty: false,
    });
    const connection: Duplex = await exec.start({ hijack: true, stdin: true, Detach: false, Tty: false });
    return new ExecStream({ connection, onEnd: async (stderr) => await outcome(exec, stderr, doing) });
  } catch (thrown) {
    throw execError(thrown, doing);
  }
}

/** Runs a program in a container and returns what it wrote to stdout. */
export async function execText(options: ExecOptions): Promise<string> {
  const stream = await execStream(options);
  stream.end();
  try {
    return await text(stream);
  } catch (thrown) {
    throw toEngineError(thrown, options.doing, 'container_failed');
  }
}

function execError(thrown: unknown, doing: string): AirlockError {
  const status = engineStatus(thrown);
  return toEngineError(thrown, doing, status === 404 || status === 409 ? 'container_lost' : 'container_failed');
}

interface Inspectable {
  inspect(): Promise<{ ExitCode: number | null }>;
}

async function outcome(exec: Inspectable, stderr: string, doing: string): Promise<Error | undefined> {
  // An exec of a container that is gone cannot be asked; its stream has simply ended.
  const code = await exec.inspect().then(
    ({ ExitCode }) => ExitCode,
    () => null,
  );
  if (code === null || code === 0 || code === 137 || code === 143) return undefined;
  return new AirlockError('container_failed', `${doing}: exit code ${code}${stderr === '' ? '' : `: ${stderr}`}`);
}
