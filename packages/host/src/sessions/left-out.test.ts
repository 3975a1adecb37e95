import { expect, it } from 'vitest';
import { leftOutBy } from './left-out.ts';

it.each([
  ['node_modules/', 'a/node_modules/.bin/x', true],
  ['node_modules/', 'node_modules/x', true],
  ['node_modules/', 'a/node_modules', false],
  ['node_modules/', 'my_node_modules/x', false],
  ['.cache-*/', 'a/.cache-1/x', true],
  ['*.tmp', 'a/b.tmp', true],
  ['*.tmp', 'b.tmp/a', false],
  ['logs/*.txt', 'logs/a.txt', true],
  ['logs/*.txt', 'a/logs/a.txt', false],
  ['logs/*.txt', 'logs/b/a.txt', false],
])('%s leaves out %s: %s', (pattern, path, isOut) => {
  expect(leftOutBy([pattern])(path)).toBe(isOut);
  expect(leftOutBy([])(path)).toBe(false);
});
