import type { Caches } from './caches.ts';

/** Of services that have none. */
export const noCaches: Caches = {
  use: (_wanted, work) => work([]),
  areFilled: async () => true,
  list: () => [],
  remove: async () => undefined,
  sweep: async () => undefined,
  close: async () => undefined,
};
