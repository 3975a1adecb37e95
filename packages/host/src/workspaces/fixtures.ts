import type { Workspaces } from './workspaces.ts';

const none = () => Promise.reject(new RangeError('There are no workspaces in this test'));

/** For tests that look at no workspace. */
export const noWorkspaces: Workspaces = {
  begin: () => Promise.resolve(),
  touch: () => undefined,
  turnEnded: () => Promise.resolve(),
  idle: () => Promise.resolve(),
  folder: none,
  file: none,
  changes: none,
  patch: none,
  files: none,
};
