import { describe, expect, it } from 'vitest';
import { createLineReader, LineTooLongError } from './lines.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('createLineReader()', () => {
  it.each([1, 2, 5, 100])('finds the same lines in pieces of %i bytes', (size) => {
    const reader = createLineReader(100);
    const all = bytes('one\n\nzwölf €\nrest');
    const lines: string[] = [];
    for (let at = 0; at < all.length; at += size) lines.push(...reader.push(all.subarray(at, at + size)));
    expect(lines).toEqual(['one', '', 'zwölf €']);
  });

  it('holds no line longer than it may be', () => {
    const reader = createLineReader(4);
    expect(reader.push(bytes('four\n'))).toEqual(['four']);
    reader.push(bytes('fi'));
    expect(() => reader.push(bytes('ves'))).toThrow(LineTooLongError);
  });
});
