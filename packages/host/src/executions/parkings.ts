import { isHeld, type Ownership } from '../ownership/ownership.ts';
import type { Store } from '../store/store.ts';

/** Notes which executions wait for the host alone, so that a restart need not load them. Written down in batches. */
export interface Parkings {
  /** It has had `delivered` outcomes and waits. */
  note(execution: string, delivered: number): void;
  flush(): Promise<void>;
}

export function createParkings(store: Store, ownership: Ownership): Parkings {
  let noted = new Map<string, number>();

  return {
    note: (execution, delivered) => void noted.set(execution, delivered),

    async flush() {
      const batch = noted;
      noted = new Map();
      if (batch.size === 0) return;
      await store.write(async (tx) => {
        for (const [execution, delivered] of batch) {
          await tx.db
            .updateTable('executions')
            .set({ parked: delivered })
            .where('id', '=', execution)
            .where('next_outcome', '=', delivered)
            .where(isHeld(ownership, execution))
            .execute();
        }
      });
    },
  };
}
