import { AirlockError } from '@airlock/protocol/errors';
import type { Call, FromService } from '@airlock/protocol/service-channel';
import { cancelKey } from '../replay/keys.ts';
import type { Service } from '../service.ts';
import { startRun } from './run.ts';
import type { End, Recording } from './script.ts';

/** Where a replay gets to. */
export type Replayed =
  | End
  /** The service takes another way than the log. */
  | { readonly status: 'diverged'; readonly error: AirlockError }
  /** The log is used up, and the service waits for calls: those recorded without an outcome, and new ones. */
  | { readonly status: 'waiting'; readonly for: Readonly<Record<string, Call>> };

/**
 * Runs a service against what an execution of it recorded, in memory: nothing reaches the outside but what its code does
 * beside `ctx`, and no step is run.
 */
export function replayLog(service: Service, recording: Recording): Promise<Replayed> {
  const { promise, resolve } = Promise.withResolvers<Replayed>();
  const open: Record<string, Call> = {};
  const cancel = recording.calls.find(({ key }) => key === cancelKey)?.call;
  const take = (message: FromService): void => {
    if (message.type === 'call' && !isOutput(message.call)) open[message.key] = message.call;
    if (message.type === 'parked') resolve({ status: 'waiting', for: open });
    if (message.type === 'failed') resolve(failed(AirlockError.fromBody(message.error), cancel !== undefined));
    if (message.type === 'finished') {
      resolve(cancel === undefined ? { status: 'finished', final: message.final } : { status: 'cancelled' });
    }
  };
  const execution = startRun(service, recording, take);
  if (cancel?.kind === 'log') execution.cancel(new AirlockError('execution_ended', cancel.text));
  return promise.finally(() => execution.forget());
}

function isOutput(call: Call): boolean {
  return call.kind === 'log' || call.kind === 'emit';
}

function failed(error: AirlockError, isCancelled: boolean): Replayed {
  if (error.code === 'nondeterministic') return { status: 'diverged', error };
  return isCancelled ? { status: 'cancelled' } : { status: 'error', error };
}
