import wrapAnsi from 'wrap-ansi';

/** What stands before the first row of a text, before its other lines, and before rows the terminal is too narrow for. */
export interface Marks {
  readonly first: string;
  readonly line: string;
  readonly wrapped: string;
}

/** Cuts a line into rows of at most `width` columns; nothing of it is left out. */
export function rowsOf(line: string, width: number): string[] {
  if (!Number.isFinite(width)) return [line];
  return wrapAnsi(line.replaceAll('\t', '    '), Math.max(width, 10), { hard: true, trim: false }).split('\n');
}

/**
 * A text whose every row begins with a mark, so that nothing in it can pass for a line of this command. It must be safe
 * to print. Ends in a newline.
 */
export function layOut(text: string, marks: Marks, width: number): string {
  const room = width - Math.max(...Object.values(marks).map((mark) => mark.length));
  const rows = text.split('\n').flatMap((line, at) => {
    const [head = '', ...rest] = rowsOf(line, room);
    return [`${at === 0 ? marks.first : marks.line}${head}`, ...rest.map((row) => `${marks.wrapped}${row}`)];
  });
  return `${rows.join('\n')}\n`;
}
