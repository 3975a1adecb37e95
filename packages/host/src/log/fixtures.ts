import { noUsage } from '@airlock/protocol/usage';
import { newId } from '../store/ids.ts';
import type { Store } from '../store/store.ts';

/** A running execution with nothing in its log, for tests. */
export async function addExecution(store: Store): Promise<string> {
  const id = newId();
  await store.write(async (tx) => {
    await tx.db
      .insertInto('executions')
      .values({
        id,
        service: 'test',
        title: 'Test',
        user: 'admin',
        status: 'running',
        inputs: '{}',
        excerpt: '',
        result: null,
        started_at: new Date(0).toISOString(),
        ended_at: null,
        usage: JSON.stringify(noUsage),
      })
      .execute();
  });
  return id;
}
