import type { Repositories } from './repositories.ts';

const none = () => Promise.reject(new RangeError('There are no repositories in this test'));

/** For tests of sessions that begin with none. */
export const noRepositories: Repositories = { require: () => undefined, bring: none, prepare: none, push: none };
