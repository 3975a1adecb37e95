import { AirlockError, type ErrorCode } from '@airlock/protocol/errors';
import { callOfError, running } from '../replay/scope.ts';

/** Failures a call has because nobody needs it any more: its branch has lost, or its execution ends. */
const expected: readonly ErrorCode[] = ['withdrawn', 'execution_ended'];

/**
 * Faults no code of a service has caught. One that belongs to an execution ends that execution alone; the failure of
 * a call nobody awaited becomes a note in its log, unless it was to be expected. One that belongs to no execution ends
 * the process, as Node would.
 */
export function catchFaults(): void {
  const take = (thrown: unknown, what: string) => {
    const owner = running.getStore();
    if (owner === undefined) {
      process.stderr.write(`${what}: ${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
      process.exit(1);
    }
    const call = callOfError(thrown);
    const error = AirlockError.from(thrown, 'service_failed');
    if (call !== undefined) {
      if (!expected.includes(error.code)) owner.io('debug', `${call} failed and nobody awaited it: ${error.message}`);
      return;
    }
    if (thrown instanceof Error && thrown.stack !== undefined) owner.io('stderr', thrown.stack);
    owner.fail(error);
  };
  process.on('uncaughtException', (thrown) => take(thrown, 'Uncaught exception'));
  process.on('unhandledRejection', (thrown) => take(thrown, 'Unhandled rejection'));
}
