import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { AirlockError, type ErrorCode } from '@airlock/protocol/errors';
import { isDiskFull } from './engine-error.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface RunOptions {
  /** Handed on in part: see {@link programEnvironment}. */
  readonly env: Environment;
  /** Every line the program writes, to either stream. */
  readonly onLine: (line: string) => void;
  readonly failure: ErrorCode;
  readonly signal?: AbortSignal | undefined;
  readonly cwd?: string;
}

const lastLines = 8;

/** Runs a program to its end; a failure carries the last lines it wrote. */
export async function runProgram(command: string, args: readonly string[], options: RunOptions): Promise<void> {
  const child = spawn(command, args, {
    env: programEnvironment(options.env),
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const tail: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      if (tail.push(line) > lastLines) tail.shift();
      options.onLine(line);
    });
  }
  const shown = [command, ...args].join(' ');
  const ended = await new Promise<{ code: number | null; cause?: unknown }>((resolve) => {
    child.once('error', (cause) => resolve({ code: null, cause }));
    child.once('close', (code) => resolve({ code }));
  });
  options.signal?.throwIfAborted();
  if (ended.code === 0) return;
  const why = ended.cause instanceof Error ? ended.cause.message : `exit code ${ended.code}\n${tail.join('\n')}`;
  const code = isDiskFull(why) ? 'disk_full' : options.failure;
  throw new AirlockError(code, `${shown}: ${why}`, { cause: ended.cause });
}

const passedOn = [
  'PATH',
  'HOME',
  'LANG',
  'LC_ALL',
  'TMPDIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
  'SSL_CERT_FILE',
];

/** What a program we start may see of our environment: enough to work behind a proxy, and no secrets. */
export function programEnvironment(env: Environment): Record<string, string> {
  const names = [...passedOn, ...passedOn.filter((name) => name.endsWith('_PROXY')).map((name) => name.toLowerCase())];
  const kept: Record<string, string> = { DEBIAN_FRONTEND: 'noninteractive' };
  for (const name of names) {
    const value = env[name];
    if (value !== undefined) kept[name] = value;
  }
  const path = kept.PATH ?? '/usr/bin:/bin';
  return { ...kept, PATH: path.includes('/usr/sbin') ? path : `${path}:/usr/local/sbin:/usr/sbin:/sbin` };
}
