/** What a person typed: words, or a command of attach, which begins with a colon. `::` stands for a colon said. */
export type Typed =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'words'; readonly text: string }
  | { readonly kind: 'command'; readonly name: string; readonly n: number | undefined; readonly rest: string };

/** Reads a typed line. `:deny 2 not now` names the request 2; `:deny not now` names none. */
export function readLine(line: string): Typed {
  const text = line.trim();
  if (text === '') return { kind: 'nothing' };
  if (text.startsWith('::')) return { kind: 'words', text: text.slice(1) };
  const match = /^:(\S*)(?:\s+(\d{1,6})(?=\s|$))?\s*([\s\S]*)$/.exec(text);
  if (match === null) return { kind: 'words', text };
  const [, name = '', n, rest = ''] = match;
  return { kind: 'command', name: name.toLowerCase(), n: n === undefined ? undefined : Number(n), rest };
}
