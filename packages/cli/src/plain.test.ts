import { expect, test } from 'vitest';
import { plain, plainLine, revealed } from './plain.ts';

test.each([
  ['escape sequences', '\x1b[31mred\x1b[0m', '␛[31mred␛[0m'],
  ['a title set by a terminal sequence', '\x1b]0;owned\x07', '␛]0;owned␇'],
  ['carriage returns that overwrite', 'safe\rrm -rf', 'safe␍rm -rf'],
  ['backspace and delete', 'a\b\x7f', 'a␈␡'],
  ['C1 controls', '\u009b31m', '\\u009b31m'],
  ['marks that turn the direction', 'a\u202ecod.exe\u2066', 'a\\u202ecod.exe\\u2066'],
  ['line separators', 'a\u2028b', 'a\\u2028b'],
])('%s become visible', (_, text, expected) => {
  expect(plain(text)).toBe(expected);
});

test('words, newlines, tabs and emoji stay', () => {
  expect(plain('Grüße\n\t👩‍💻 日本\r\n')).toBe('Grüße\n\t👩‍💻 日本\n');
});

test('a line is one line, and not too long', () => {
  expect(plainLine('a\n  b\tc', 20)).toBe('a b c');
  expect(plainLine('x'.repeat(1000), 10)).toBe(`${'x'.repeat(9)}…`);
});

test('a text people decide on shows whatever cannot be seen', () => {
  expect(revealed('rm\u200b -rf\u00a0/\n\tx\r\n\x1b[1m\u202e\u{e0061}\u3164')).toBe(
    'rm⟪U+200B⟫ -rf⟪U+00A0⟫/\n⇥   x\n⟪U+001B⟫[1m⟪U+202E⟫⟪U+E0061⟫⟪U+3164⟫',
  );
  expect(revealed('Grüße 日本 🙂')).toBe('Grüße 日本 🙂');
});
