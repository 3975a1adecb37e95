import { reveal } from '@airlock/protocol/reveal';

const unsafe = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

function visible(char: string): string {
  if (char === '\n' || char === '\t') return char;
  const code = char.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return '\u2421';
  return `\\u${code.toString(16).padStart(4, '0')}`;
}

/**
 * Text of a model, a service or a log, safe to print on a terminal: every control character but newline and tab, and
 * every mark that turns the direction of writing, becomes a visible stand-in.
 */
export function plain(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(unsafe, visible);
}

/** The same on one line of at most `width` characters. */
export function plainLine(text: string, width: number): string {
  const line = plain(text.slice(0, width * 4))
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > width ? `${line.slice(0, width - 1)}…` : line;
}

/** A text people decide on: whatever in it cannot be seen is shown as its number, `⟪U+202E⟫`. Safe to print. */
export function revealed(text: string): string {
  return reveal(text)
    .map((part) => part.text)
    .join('')
    .replaceAll('\t', '⇥   ');
}
