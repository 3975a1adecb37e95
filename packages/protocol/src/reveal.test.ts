import { describe, expect, it } from 'vitest';
import { reveal } from './reveal.ts';

const shown = (text: string): string =>
  reveal(text)
    .map((part) => part.text)
    .join('');

describe('reveal', () => {
  it('leaves what can be seen alone', () => {
    for (const text of ['rm -rf ./x\n\techo "ü 漢 עברית 🙂"', '', 'a\r\nb'.replace('\r', '')]) {
      expect(shown(text)).toBe(text);
    }
  });

  it.each([
    ['right-to-left override', '\u202e', '⟪U+202E⟫'],
    ['isolate', '\u2066', '⟪U+2066⟫'],
    ['zero-width space', '\u200b', '⟪U+200B⟫'],
    ['zero-width joiner', '\u200d', '⟪U+200D⟫'],
    ['byte order mark', '\ufeff', '⟪U+FEFF⟫'],
    ['soft hyphen', '\u00ad', '⟪U+00AD⟫'],
    ['escape', '\u001b', '⟪U+001B⟫'],
    ['carriage return', '\r', '⟪U+000D⟫'],
    ['no-break space', '\u00a0', '⟪U+00A0⟫'],
    ['line separator', '\u2028', '⟪U+2028⟫'],
    ['tag', '\u{e0061}', '⟪U+E0061⟫'],
    ['Hangul filler', '\u3164', '⟪U+3164⟫'],
    ['Arabic letter mark', '\u061c', '⟪U+061C⟫'],
  ])('shows a %s', (_, character, expected) => {
    expect(shown(`a${character}b`)).toBe(`a${expected}b`);
  });
});
