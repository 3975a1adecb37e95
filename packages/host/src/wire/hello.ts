import type { Duplex } from 'node:stream';
import { AirlockError } from '@airlock/protocol/errors';
import { createLineReader } from '@airlock/protocol/lines';
import { type HostHello, type RunnerHello, runnerHelloSchema } from '@airlock/protocol/wire';

/** Longest answer to a hello, in bytes. */
const maxHello = 8 * 1024;

export type Accepted = Extract<RunnerHello, { ok: true }>;

/**
 * Sends `hello` and reads the runner's answer. What follows the answer stays in the stream. Rejects with `wire_refused`
 * when the runner refuses, `runner_failed` when it does not answer as a runner does.
 */
export async function exchangeHello(duplex: Duplex, hello: HostHello, timeoutMs: number): Promise<Accepted> {
  const answered = readLine(duplex, timeoutMs);
  duplex.write(`${JSON.stringify(hello)}\n`);
  return accept(await answered);
}

function accept(line: string): Accepted {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    throw new AirlockError('runner_failed', `The runner answered with ${line.length} characters that are no hello`);
  }
  const parsed = runnerHelloSchema.safeParse(raw);
  if (!parsed.success) {
    throw new AirlockError('runner_failed', `The runner answered with ${line.length} characters that are no hello`);
  }
  if (!parsed.data.ok) throw new AirlockError('wire_refused', refusals[parsed.data.reason]);
  return parsed.data;
}

const refusals: Record<Extract<RunnerHello, { ok: false }>['reason'], string> = {
  version: 'The runner speaks another version of the wire',
  session: 'The container belongs to another session',
  token: 'The token is not that of the session',
  epoch: 'Another host has taken over this session',
  malformed: 'The runner could not read the hello',
};

/** Reads one line and leaves the rest unread. */
async function readLine(duplex: Duplex, timeoutMs: number): Promise<string> {
  const reader = createLineReader(maxHello);
  return await new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      fail(`The runner did not answer within ${timeoutMs} ms`);
    }, timeoutMs);

    function settle(): void {
      clearTimeout(timer);
      duplex.off('readable', read).off('end', onEnd).off('close', onEnd).off('error', onError);
    }
    function fail(detail: string, cause?: unknown): void {
      settle();
      reject(new AirlockError('runner_failed', detail, { cause }));
    }
    function onEnd(): void {
      fail('The stream to the runner ended before it answered');
    }
    function onError(error: Error): void {
      fail(`The stream to the runner failed: ${error.message}`, error);
    }
    function read(): void {
      for (let chunk: unknown = duplex.read(); chunk !== null; chunk = duplex.read()) {
        if (!Buffer.isBuffer(chunk)) {
          fail('The stream to the runner does not carry bytes');
          return;
        }
        const end = chunk.indexOf(0x0a);
        const line = push(end === -1 ? chunk : chunk.subarray(0, end + 1));
        if (line === undefined) continue;
        settle();
        if (end + 1 < chunk.length) duplex.unshift(chunk.subarray(end + 1));
        resolve(line);
        return;
      }
    }
    function push(bytes: Buffer): string | undefined {
      try {
        return reader.push(bytes)[0];
      } catch (error) {
        fail('The runner answered with too long a line', error);
        return undefined;
      }
    }
    duplex.on('readable', read).on('end', onEnd).on('close', onEnd).on('error', onError);
    read();
  });
}
