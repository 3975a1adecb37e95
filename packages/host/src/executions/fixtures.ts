import type { Sessions } from '../sessions/sessions.ts';

const none = () => Promise.reject(new RangeError('There are no sessions in this test'));

/** For tests of services that have no session. */
export const noSessions: Sessions = {
  open: none,
  send: none,
  abandon: none,
  end: () => Promise.resolve(),
  purge: () => Promise.resolve(),
  meter: () => Promise.resolve(),
  requestOwner: { check: none, answered: () => Promise.resolve(), expired: () => Promise.resolve() },
  recover: () => Promise.resolve(),
  adopt: () => Promise.resolve(),
  release: () => Promise.resolve(),
  checkStalls: () => Promise.resolve(),
  checkWorkspaces: () => Promise.resolve(),
  detach: () => Promise.resolve(),
  endAll: () => Promise.resolve(),
};
