import { expect, it } from 'vitest';
import { leftOutBy, leftOutWords } from './left-out.ts';

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

it('names a few of those left out, and how many there are', () => {
  const paths = Array.from({ length: 5_000 }, (_, n) => `out/${n}`);
  expect(leftOutWords(paths, ['*'])).toMatch(/^5000 files are .*\(\*\): out\/0, out\/1, out\/2 and 4997 more$/);
  expect(leftOutWords(['x'.repeat(9_000)], ['y'.repeat(9_000)]).length).toBeLessThan(500);
});
