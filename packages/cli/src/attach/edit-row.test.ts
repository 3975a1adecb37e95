import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { editRow } from './edit-row.ts';

const row = (line: string, cursor = line.length, width = 20, isSecret = false) =>
  editRow({ prompt: 'say› ', line, cursor, isSecret }, width);

test('a short line is shown whole', () => {
  expect(row('hello', 2)).toEqual({ text: 'say› hello', column: 7 });
  expect(row('日本', 1)).toEqual({ text: 'say› 日本', column: 7 });
});

test('of a long line the part around the cursor is shown, never more than fits', () => {
  const line = '0123456789abcdefghij日本👩‍💻🙂';
  const ends = [...line].map((_, at, all) => all.slice(0, at + 1).join('').length);
  for (const cursor of [0, ...ends]) {
    const { text, column } = row(line, cursor);
    expect(stringWidth(text)).toBeLessThan(20);
    expect(column).toBeLessThan(20);
    expect(column).toBeGreaterThanOrEqual(5);
  }
  expect(row(line, 20).text).toContain('j日');
});

test('what would hide or reorder is a box, and a secret is dots', () => {
  expect(row('a\u202eb').text).toBe('say› a▯b');
  expect(row('pa ss', 5, 20, true)).toEqual({ text: 'say› •••••', column: 10 });
});
