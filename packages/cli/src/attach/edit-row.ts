import stringWidth from 'string-width';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** Columns kept free to the right of the cursor for what follows it. */
const lookAhead = 10;

interface Piece {
  readonly text: string;
  readonly width: number;
}

function pieces(text: string, isSecret: boolean): Piece[] {
  return [...graphemes.segment(text)].map(({ segment }) => {
    const shown = isSecret ? '•' : /^[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u.test(segment) ? '▯' : segment;
    return { text: shown, width: stringWidth(shown) };
  });
}

/** As many pieces from the end as fit. */
function lastFitting(all: readonly Piece[], room: number): { text: string; width: number } {
  let width = 0;
  let from = all.length;
  while (from > 0 && width + (all[from - 1]?.width ?? 0) <= room) {
    from -= 1;
    width += all[from]?.width ?? 0;
  }
  return {
    text: all
      .slice(from)
      .map(({ text }) => text)
      .join(''),
    width,
  };
}

function firstFitting(all: readonly Piece[], room: number): { text: string; width: number } {
  let width = 0;
  let to = 0;
  while (to < all.length && width + (all[to]?.width ?? 0) <= room) {
    width += all[to]?.width ?? 0;
    to += 1;
  }
  return {
    text: all
      .slice(0, to)
      .map(({ text }) => text)
      .join(''),
    width,
  };
}

export interface Editing {
  readonly prompt: string;
  readonly line: string;
  /** In UTF-16 units. */
  readonly cursor: number;
  readonly isSecret: boolean;
}

/** The line being typed on one row: the part around its cursor, when it is longer. `column`: where the cursor stands. */
export function editRow({ prompt, line, cursor, isSecret }: Editing, width: number): { text: string; column: number } {
  const room = Math.max(width - stringWidth(prompt) - 1, 4);
  const [left, right] = [pieces(line.slice(0, cursor), isSecret), pieces(line.slice(cursor), isSecret)];
  const before = lastFitting(left, room - Math.min(firstFitting(right, lookAhead).width, Math.floor(room / 2)));
  const after = firstFitting(right, room - before.width);
  return { text: `${prompt}${before.text}${after.text}`, column: stringWidth(prompt) + before.width };
}
