const longest = 12;

/** Cuts text as a model streams it: a word or so at a time, never inside a character, nothing lost. */
export function pieces(text: string): string[] {
  const words = text.match(/\s*\S+|\s+/gu) ?? [];
  return words.flatMap((word) => (word.length <= longest ? [word] : chop(word)));
}

function chop(word: string): string[] {
  const characters = [...word];
  const parts: string[] = [];
  for (let from = 0; from < characters.length; from += longest) {
    parts.push(characters.slice(from, from + longest).join(''));
  }
  return parts;
}
