import type { AirlockError } from '@airlock/protocol/errors';
import type { Store } from '../store/store.ts';
import { ongoingStates } from './session-row.ts';

/** Lets every session that goes on be lost at the next start, with `problem`; for when no host runs that could end them. */
export async function condemnSessions(store: Store, problem: AirlockError): Promise<void> {
  await store.write(async (tx) => {
    await tx.db
      .updateTable('sessions')
      .set({ problem: JSON.stringify(problem.toBody()) })
      .where('state', 'in', ongoingStates)
      .execute();
  });
}
