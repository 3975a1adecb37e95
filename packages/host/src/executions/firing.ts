import { AirlockError } from '@airlock/protocol/errors';
import type { Store } from '../store/store.ts';
import type { Timer, Timers } from '../timers/timers.ts';
import { type CallSinks, settleCall } from './settle.ts';
import { endPause } from './steps.ts';
import type { Stop } from './stopping.ts';

interface FiringOptions {
  readonly store: Store;
  readonly timers: Timers;
  readonly sinks: () => CallSinks;
  readonly wake: (execution: string) => Promise<void>;
  /** How long the execution may take, in milliseconds. */
  readonly limitOf: (execution: string) => Promise<number | undefined>;
  readonly stop: (execution: string, stop: Stop) => Promise<void>;
  /** Ends it without its service. */
  readonly end: (execution: string) => Promise<void>;
}

/** What is done when a timer of an execution is due. */
export function createFiring({ store, timers, sinks, wake, limitOf, stop, end }: FiringOptions) {
  async function overrun(execution: string): Promise<void> {
    const limit = await limitOf(execution);
    const words = limit === undefined ? 'its time' : `${limit / 1000} s`;
    const error = new AirlockError('execution_timed_out', `It did not end within ${words}`).toBody();
    await stop(execution, { as: 'error', error });
  }

  return async function fire(timer: Timer): Promise<void> {
    const { execution, kind, ref } = timer;
    switch (kind) {
      case 'sleep':
        return await store.write(async (tx) => {
          await timers.clear(tx, timer);
          await settleCall(tx, execution, ref, { ok: true, value: null }, sinks());
        });
      case 'step':
        await wake(execution);
        return await store.write((tx) => endPause(tx, execution, ref, sinks()));
      case 'limit':
        return await overrun(execution);
      case 'stop':
        return await end(execution);
      case 'expiry':
      case 'remind':
      case 'escalate':
        return;
    }
  };
}
