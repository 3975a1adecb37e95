import type { Store } from '../store/store.ts';
import { createTimers, type Timers } from './timers.ts';

/** Timers that are kept and never fire, for tests. */
export function stillTimers(store: Store, clock: () => Date): Timers {
  return createTimers({ store, clock, handler: () => Promise.resolve(), logger: { warn: () => undefined } });
}
