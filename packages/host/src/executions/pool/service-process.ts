import { type ChildProcess, fork } from 'node:child_process';
import { writeFile } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AirlockError, type ErrorBody } from '@airlock/protocol/errors';
import {
  type FromService,
  fromServiceSchema,
  type ServiceManifest,
  type ToService,
} from '@airlock/protocol/service-channel';
import type { Guard } from './guard.ts';
import type { Time } from './time.ts';

/** What a service process says once it is up. */
export type Loaded =
  | { readonly kind: 'ready'; readonly manifest: ServiceManifest }
  | { readonly kind: 'unusable'; readonly error: ErrorBody };

export interface ServiceProcess {
  /** Resolves with what the process said first, or why it said nothing. Never rejects. */
  readonly loaded: Promise<Loaded>;
  /** Resolves with the reason when the process has ended, and all it started with it. */
  readonly exited: Promise<string>;
  /** Sends to the process; does nothing when it has ended. */
  send(message: ToService): void;
  /** Ends it at once; `reason` becomes the one it ended for. */
  kill(reason: string): void;
}

export interface ServiceProcessOptions {
  /** Absolute path of the service module. */
  readonly module: string;
  /** Absolute path of the folder it was made of: packages it imports by name are found from there. */
  readonly origin: string;
  /** Environment of the process; keys never belong in it. */
  readonly env: Readonly<Record<string, string>>;
  readonly time: Time;
  readonly guard: Guard;
  /** Every message after the first one, in order. Must not throw. */
  readonly onMessage: (message: FromService) => void;
  readonly onOutput: (text: string) => void;
}

const entry = fileURLToPath(import.meta.resolve('@airlock/flow/process'));
const heapMiB = 256;
const loadTimeoutMs = 20_000;
const maxOutput = 8_192;
/** Output that comes later than this after the end is not waited for. */
const lastWordsMs = 1_000;

/** Starts a service in a process of its own, the first of its process group. */
export function startServiceProcess(options: ServiceProcessOptions): ServiceProcess {
  const { guard, time } = options;
  const child = fork(entry, [options.module, options.origin], {
    env: options.env,
    execArgv: [`--max-old-space-size=${heapMiB}`, '--max-semi-space-size=1'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'json',
    detached: true,
  });
  const { pid } = child;
  if (pid !== undefined) {
    guard.add(pid);
    preferForKilling(pid);
  }
  let killedFor: string | undefined;
  const kill = (reason: string) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    killedFor ??= reason;
    killGroup(pid);
  };
  const wasOutOfMemory = takeOutput(child, options.onOutput);
  const exited = endOf(child, time).then((how) => {
    if (pid !== undefined) guard.remove(pid);
    if (killedFor !== undefined) return killedFor;
    return wasOutOfMemory() ? `out of memory, its heap had grown to ${heapMiB} MiB` : how;
  });
  return {
    loaded: loadedOf({ child, exited, kill, time, onMessage: options.onMessage }),
    exited,
    kill,
    send: (message) => {
      if (child.connected) child.send(message, () => undefined);
    },
  };
}

/** When the machine is out of memory, the kernel is to take a service rather than the host. Linux only. */
function preferForKilling(pid: number): void {
  writeFile(`/proc/${pid}/oom_score_adj`, '500', () => undefined);
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}

/** Hands output on, piece by piece. The function returned says whether V8 reported that the heap is full. */
function takeOutput(child: ChildProcess, onOutput: (text: string) => void): () => boolean {
  let reported = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8');
    stream?.on('data', (text: string) => {
      if (text.includes('JavaScript heap out of memory')) reported = true;
      onOutput(text.slice(0, maxOutput));
    });
  }
  return () => reported && (child.signalCode === 'SIGABRT' || child.exitCode === 134);
}

/** Resolves with how it ended, after its last output. */
function endOf(child: ChildProcess, time: Time): Promise<string> {
  return new Promise((resolve) => {
    child.on('error', (error) => {
      if (child.pid === undefined) resolve(error.message);
    });
    child.once('exit', (code, signal) => {
      killGroup(child.pid);
      const how = signal ? `signal ${signal}` : `exit code ${code}`;
      time.after(lastWordsMs, () => resolve(how));
      child.once('close', () => resolve(how));
    });
  });
}

interface LoadOptions {
  readonly child: ChildProcess;
  readonly exited: Promise<string>;
  readonly kill: (reason: string) => void;
  readonly time: Time;
  readonly onMessage: (message: FromService) => void;
}

/** Takes the first message for the answer to "does it load", and hands every later one on. */
async function loadedOf({ child, exited, kill, time, onMessage }: LoadOptions): Promise<Loaded> {
  const first = Promise.withResolvers<Loaded>();
  let isLoaded = false;
  const load = (loaded: Loaded) => {
    isLoaded = true;
    first.resolve(loaded);
  };
  child.on('message', (raw) => {
    const parsed = fromServiceSchema.safeParse(raw);
    if (!parsed.success) return kill('it sent a message that cannot be read');
    const message = parsed.data;
    if (message.type === 'manifest') load({ kind: 'ready', manifest: message.manifest });
    else if (message.type === 'unusable') load({ kind: 'unusable', error: message.error });
    else onMessage(message);
  });
  const giveUp = () => {
    if (isLoaded) return;
    load(notLoaded(`It did not load within ${loadTimeoutMs / 1000} s`));
    kill('it did not load in time');
  };
  // What has come while the host was held up is read first.
  const stop = time.after(loadTimeoutMs, () => setImmediate(giveUp));
  void exited.then((reason) => load(notLoaded(`Its process ended: ${reason}`)));
  const loaded = await first.promise;
  stop();
  return loaded;
}

export function notLoaded(detail: string): Loaded {
  return { kind: 'unusable', error: new AirlockError('service_not_loaded', detail).toBody() };
}
