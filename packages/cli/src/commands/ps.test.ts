import { expect, test } from 'vitest';
import { stateOf } from './ps.ts';

test.each([
  [{ status: 'running', queue: null, stopping: null }, 'running'],
  [{ status: 'starting', queue: 0, stopping: null }, 'starting, next'],
  [{ status: 'starting', queue: 2, stopping: null }, 'starting, 2 before it'],
  [{ status: 'running', queue: 3, stopping: null }, 'waits for room, 3 before it'],
  [{ status: 'running', queue: null, stopping: 'Cancelled by \u001b[2Jbob' }, 'stopping: Cancelled by ␛[2Jbob'],
] as const)('%j is shown as %s', (execution, words) => {
  expect(stateOf(execution)).toBe(words);
});
