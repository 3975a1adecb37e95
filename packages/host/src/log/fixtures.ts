import { noUsage } from '@airlock/protocol/usage';
import { newId } from '../store/ids.ts';
import type { Store } from '../store/store.ts';
import type { Timing } from './timing.ts';

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

/** Time that passes when a test says so. */
export function manualTiming(): Timing & { pass(ms: number): void } {
  let now = 0;
  const waiting = new Set<{ at: number; run: () => void }>();
  return {
    after(ms, run) {
      const entry = { at: now + ms, run };
      waiting.add(entry);
      return () => void waiting.delete(entry);
    },
    pass(ms) {
      const end = now + ms;
      for (;;) {
        const due = [...waiting].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!due) break;
        waiting.delete(due);
        now = due.at;
        due.run();
      }
      now = end;
    },
  };
}
