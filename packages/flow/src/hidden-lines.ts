/*
 * Lines a service asks Claude for and people need not see, such as a completion marker. A line is hidden when it equals
 * one of the given lines, blanks at its ends aside; its line break goes with it.
 */

/** Removes hidden lines from a finished text. */
export function stripHiddenLines(text: string, lines: readonly string[]): string {
  const filter = hiddenLineFilter(lines);
  return filter.push(text) + filter.end();
}

export interface HiddenLineFilter {
  /** Takes the next piece of a text; returns what can be shown now. */
  push(piece: string): string;
  /** Returns what was held back, when the text has ended. */
  end(): string;
}

/**
 * Removes hidden lines from a text that arrives in pieces; one filter per block of text. It holds back only a line
 * begun that could still become a hidden one.
 */
export function hiddenLineFilter(lines: readonly string[]): HiddenLineFilter {
  const hidden = lines.map((line) => line.trim()).filter((line) => line !== '');
  let held = '';
  let isPassing = false;

  const isHidden = (line: string) => hidden.includes(line.trim());
  const mayBecomeHidden = (line: string) => {
    const begun = line.trimStart();
    return hidden.some((whole) => whole.startsWith(begun) || isHidden(begun));
  };
  const pushPart = (part: string): string => {
    const isWhole = part.endsWith('\n');
    const line = held + part;
    if (isPassing || (isWhole && !isHidden(line)) || (!isWhole && !mayBecomeHidden(line))) {
      held = '';
      isPassing = !isWhole;
      return line;
    }
    held = isWhole ? '' : line;
    return '';
  };

  return {
    push(piece) {
      if (hidden.length === 0) return piece;
      return (piece.match(/[^\n]*\n|[^\n]+/g) ?? []).map(pushPart).join('');
    },
    end() {
      const rest = isHidden(held) ? '' : held;
      held = '';
      isPassing = false;
      return rest;
    },
  };
}
