import type { AirlockError } from '@airlock/protocol/errors';
import { executionStatusSchema, isFinal } from '@airlock/protocol/executions';
import { idSchema } from '@airlock/protocol/ids';
import { jsonObjectSchema } from '@airlock/protocol/json';
import { type Ownership, requireHeld } from '../ownership/ownership.ts';
import { fromJson } from '../store/json.ts';
import type { Store } from '../store/store.ts';
import { readCalls } from './calls.ts';
import type { Replica } from './services.ts';
import type { CallSinks } from './settle.ts';
import { repeatCutStep } from './steps.ts';
import { readStop, stopError } from './stopping.ts';

interface LoaderOptions {
  readonly store: Store;
  readonly ownership: Ownership;
  /** Folder of an execution's files. */
  readonly filesOf: (execution: string) => string;
  readonly sinks: () => CallSinks;
}

/** Hands the log of an execution to the process that is to run it. */
export function createLoader({ store, ownership, filesOf, sinks }: LoaderOptions) {
  return {
    /** Reads the log and hands it over in one turn of the queue of writes, so that no outcome falls between. */
    async load(id: string, replica: Replica, attach: (outcomes: number) => boolean): Promise<void> {
      await store.write(async (tx) => {
        const row = await tx.db.selectFrom('executions').selectAll().where('id', '=', id).executeTakeFirst();
        if (!row || row.status === 'starting' || isFinal(executionStatusSchema.parse(row.status))) return;
        await requireHeld(tx, ownership, id);
        const inputs = fromJson(jsonObjectSchema, row.inputs, `Inputs of execution ${id}`);
        const { calls, outcomes, openSteps } = await readCalls(tx, id);
        const stop = readStop(row);
        const execution = idSchema.parse(id);
        tx.afterCommit(() => {
          if (!attach(outcomes.length)) return;
          replica.send({ type: 'run', execution, inputs, files: filesOf(id), calls, outcomes });
          if (stop) replica.send({ type: 'cancel', execution, error: stopError(stop).toBody() });
        });
        if (stop) return;
        for (const step of openSteps) if (!step.isDelayed) await repeatCutStep(tx, id, step, sinks());
      });
    },

    /** Whether an execution could not be loaded because its own rows are at fault. */
    isItsFault: (error: AirlockError) => error.code === 'store_unusable' && error.detail.endsWith('cannot be read'),
  };
}
