import { AirlockError } from '@airlock/protocol/errors';
import type { FromService, Outcome } from '@airlock/protocol/service-channel';
import type { Store } from '../store/store.ts';
import { failCall, takeCall } from './calls.ts';
import type { Ending } from './ending.ts';
import type { Parkings } from './parkings.ts';
import type { Runs } from './runs.ts';
import type { CallSinks } from './settle.ts';
import { takeAttempt } from './steps.ts';
import { readStop, stopEnding } from './stopping.ts';
import type { Strikes } from './strikes.ts';
import { untilStored } from './until-stored.ts';

type OfExecution = Extract<FromService, { execution: string }>;

interface MessagesOptions {
  readonly store: Store;
  readonly sinks: () => CallSinks;
  readonly runs: Runs;
  readonly strikes: Strikes;
  readonly parkings: Parkings;
  readonly end: (execution: string, ending: Ending) => Promise<void>;
  readonly leased: (id: string, outcome: Outcome) => void;
  readonly isStopping: () => boolean;
  readonly logger: { warn(fields: object, text: string): void };
}

/** Takes what service processes say. */
export function createMessages(options: MessagesOptions) {
  const { store, sinks, runs } = options;

  async function stopOf(id: string) {
    const row = await store.db.selectFrom('executions').select(['id', 'stop']).where('id', '=', id).executeTakeFirst();
    return row && readStop(row);
  }

  /** E2: how it ends, `ending` unless somebody asked for another end. */
  async function endingOf(id: string, ending: Ending): Promise<Ending> {
    const stop = await stopOf(id);
    return stop ? stopEnding(stop) : ending;
  }

  async function takeOne(id: string, { key, call }: Extract<FromService, { type: 'call' }>): Promise<void> {
    try {
      await store.write((tx) => takeCall(tx, id, key, call, sinks()));
    } catch (error) {
      if (!(error instanceof AirlockError) || isHostFault(error)) throw error;
      await store.write(async (tx) => await failCall(tx, id, key, call, error, sinks()));
    }
  }

  async function handle(id: string, message: OfExecution): Promise<void> {
    switch (message.type) {
      case 'failed':
        return await options.end(id, await endingOf(id, ['error', AirlockError.fromBody(message.error)]));
      case 'finished':
        return await options.end(id, await endingOf(id, ['finished', message.final]));
      case 'call':
        return await takeOne(id, message);
      case 'stepped':
        options.strikes.clear(id);
        return await store.write((tx) => takeAttempt(tx, id, message, sinks()));
      case 'parked':
        if (runs.park(id, message.delivered)) options.parkings.note(id, message.delivered);
        return;
    }
  }

  return {
    endingOf,

    /** Takes what is said of a resident execution (H2). Does not reject: what cannot be taken ends the execution. */
    take(message: FromService): void {
      if (message.type === 'leased') options.leased(message.id, message.outcome);
      if (!('execution' in message) || !runs.isResident(message.execution)) return;
      const id = message.execution;
      untilStored(
        () => handle(id, message),
        () => !options.isStopping(),
      ).catch(async (error: unknown) => {
        if (options.isStopping()) return;
        options.logger.warn({ execution: id, error }, 'A message of a service could not be taken');
        const problem = AirlockError.from(error);
        if (problem.code === 'owned_elsewhere' || problem.code === 'not_found') runs.drop(id);
        else await options.end(id, ['error', problem]).catch(() => undefined);
      });
    },
  };
}

function isHostFault({ code }: AirlockError): boolean {
  return code === 'store_unusable' || code === 'disk_full' || code === 'owned_elsewhere';
}
