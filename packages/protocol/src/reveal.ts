/** A run of text as it is, or one character that would be invisible or reorder its neighbours. */
export type Revealed = { hidden: false; text: string } | { hidden: true; text: string };

/*
 * Controls except tab and newline, private use, lone surrogates, line separators, everything a font may leave out
 * (zero-width and bidi controls, fillers, variation selectors, tags), the blank Braille pattern, unusual spaces.
 */
const unseen = /\p{Cc}|\p{Cf}|\p{Co}|\p{Cs}|\p{Zl}|\p{Zp}|\p{Default_Ignorable_Code_Point}|\u2800|(?! )\p{Zs}/gu;
const allowed = new Set(['\n', '\t']);

/** Splits text so that what would be invisible can be shown: `⟪U+202E⟫`. A CRLF counts as a newline. */
export function reveal(raw: string): Revealed[] {
  const text = raw.replaceAll('\r\n', '\n');
  const parts: Revealed[] = [];
  let from = 0;
  for (const match of text.matchAll(unseen)) {
    if (allowed.has(match[0])) continue;
    if (match.index > from) parts.push({ hidden: false, text: text.slice(from, match.index) });
    parts.push({ hidden: true, text: codePoint(match[0]) });
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push({ hidden: false, text: text.slice(from) });
  return parts;
}

function codePoint(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `⟪U+${hex}⟫`;
}
