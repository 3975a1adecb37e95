import type { Outcome } from '@airlock/protocol/service-channel';
import type { Tx } from '../store/store.ts';

/** Takes the outcome of a call, in the write that ends it. Implemented by whoever runs services. */
export type Settle = (tx: Tx, execution: string, key: string, outcome: Outcome) => Promise<void>;
