import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AirlockError, type ErrorBody } from '@airlock/protocol/errors';
import {
  type FromService,
  fromServiceSchema,
  type ServiceManifest,
  type ToService,
} from '@airlock/protocol/service-channel';

/** What a service process says once it is up. */
export type Loaded =
  | { readonly kind: 'ready'; readonly manifest: ServiceManifest }
  | { readonly kind: 'unusable'; readonly error: ErrorBody };

export interface ServiceProcess {
  /** Resolves with what the process said first, or why it said nothing. Never rejects. */
  readonly loaded: Promise<Loaded>;
  /** Resolves when the process has ended. */
  readonly exited: Promise<{ readonly reason: string }>;
  /** Sends to the process; does nothing when it has ended. */
  send(message: ToService): void;
  kill(): void;
}

interface ServiceProcessOptions {
  /** Absolute path of the service module. */
  readonly module: string;
  /** Environment of the process; keys never belong in it. */
  readonly env: Readonly<Record<string, string>>;
  /** Every message after the first one, in order. Must not throw. */
  readonly onMessage: (message: FromService) => void;
  readonly onOutput: (line: string) => void;
}

const entry = fileURLToPath(import.meta.resolve('@airlock/flow/process'));
const loadTimeoutMs = 20_000;

/** Starts a service in a process of its own. */
export function startServiceProcess(options: ServiceProcessOptions): ServiceProcess {
  const child = fork(entry, [options.module], {
    env: options.env,
    execArgv: ['--max-old-space-size=256', '--max-semi-space-size=1'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'json',
  });
  const exited = exitOf(child);
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8');
    stream?.on('data', (text: string) => options.onOutput(text.slice(0, maxOutput)));
  }
  return {
    loaded: loadedOf(child, exited, options.onMessage),
    exited,
    send: (message) => {
      if (child.connected) child.send(message, () => undefined);
    },
    kill: () => {
      child.kill('SIGKILL');
    },
  };
}

const maxOutput = 8_192;

function exitOf(child: ChildProcess): Promise<{ reason: string }> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ reason: error.message }));
    child.once('exit', (code, signal) => resolve({ reason: signal ? `signal ${signal}` : `exit code ${code}` }));
  });
}

/** Takes the first message for the answer to "does it load", and hands every later one on. */
async function loadedOf(
  child: ChildProcess,
  exited: Promise<{ reason: string }>,
  onMessage: (message: FromService) => void,
): Promise<Loaded> {
  const first = Promise.withResolvers<Loaded>();
  child.on('message', (raw) => {
    const parsed = fromServiceSchema.safeParse(raw);
    if (!parsed.success) {
      child.kill('SIGKILL');
      return;
    }
    const message = parsed.data;
    if (message.type === 'manifest') first.resolve({ kind: 'ready', manifest: message.manifest });
    else if (message.type === 'unusable') first.resolve({ kind: 'unusable', error: message.error });
    else onMessage(message);
  });
  const timer = setTimeout(() => {
    first.resolve(notLoaded(`It did not load within ${loadTimeoutMs / 1000} s`));
    child.kill('SIGKILL');
  }, loadTimeoutMs);
  void exited.then(({ reason }) => first.resolve(notLoaded(`Its process ended: ${reason}`)));
  const loaded = await first.promise;
  clearTimeout(timer);
  return loaded;
}

function notLoaded(detail: string): Loaded {
  return { kind: 'unusable', error: new AirlockError('service_not_loaded', detail).toBody() };
}
