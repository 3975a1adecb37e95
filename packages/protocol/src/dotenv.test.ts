import { describe, expect, test } from 'vitest';
import { parseDotenv } from './dotenv.ts';

function values(text: string): Record<string, string> {
  const result = parseDotenv(text);
  if (!result.ok) throw new Error(`line ${result.line}: ${result.problem}`);
  return { ...result.values };
}

describe('parseDotenv', () => {
  test.each([
    ['plain values', 'A=1\nB=two words', { A: '1', B: 'two words' }],
    ['spaces around names and values', '  A = 1  ', { A: '1' }],
    ['export', 'export A=1', { A: '1' }],
    ['comments and empty lines', '# one\n\n  # two\nA=1 # three', { A: '1' }],
    ['a hash inside a value', 'A=a#b', { A: 'a#b' }],
    ['empty values', 'A=\nB=""\nC= # none', { A: '', B: '', C: '' }],
    ['equals signs inside a value', 'A=postgres://x?y=z', { A: 'postgres://x?y=z' }],
    ['single quotes, literally', "A='a\\n # $b'", { A: 'a\\n # $b' }],
    ['double quotes with escapes', 'A="a\\nb \\"c\\" \\\\ # d" # e', { A: 'a\nb "c" \\ # d' }],
    ['unknown escapes as they are', 'A="\\d"', { A: '\\d' }],
    ['CRLF and a byte order mark', '\uFEFFA=1\r\nB=2\r\n', { A: '1', B: '2' }],
    ['an empty file', '', {}],
    ['names that objects have', '__proto__=1\nconstructor=2', JSON.parse('{"__proto__":"1","constructor":"2"}')],
  ])('reads %s', (_, text, expected) => {
    expect(values(text)).toEqual(expected);
  });

  test.each([
    ['a line without an equals sign', 'A=1\nB', 2, 'it is not of the form NAME=value'],
    ['a name with a dash', 'A-B=1', 1, 'it is not of the form NAME=value'],
    ['no name', '=1', 1, 'it is not of the form NAME=value'],
    ['an open quote', '\n\nA="x', 3, 'A: the quote " is not closed'],
    ['an open quote after an escape', 'A="x\\"', 1, 'A: the quote " is not closed'],
    ['text after a quote', "A='x' y", 1, 'A: there is text after the closing quote'],
    ['a name set twice', 'A=1\nA=2', 2, 'A is already set on line 1'],
    ['a NUL', 'A=x\0y', 1, 'A contains a NUL character'],
  ])('refuses %s', (_, text, line, problem) => {
    expect(parseDotenv(text)).toEqual({ ok: false, line, problem });
  });

  test('never repeats a value, which may be a secret', () => {
    const result = parseDotenv('ANTHROPIC_API_KEY="sk-secret');
    expect(JSON.stringify(result)).not.toContain('sk-secret');
  });
});
