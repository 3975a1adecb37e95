/** What a `.env` file says, or the first line that cannot be read. Never a half-read file. */
export type DotenvResult =
  | { readonly ok: true; readonly values: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly line: number; readonly problem: string };

type Parsed = { readonly value: string } | { readonly problem: string };

const assignment = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/;
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$' };

function parseQuoted(text: string, quote: string): Parsed {
  let value = '';
  for (let at = 1; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === quote) {
      const rest = text.slice(at + 1).trim();
      return rest === '' || rest.startsWith('#') ? { value } : { problem: 'there is text after the closing quote' };
    }
    if (char === '\\' && quote === '"') {
      at += 1;
      const escaped = text.charAt(at);
      value += escapes[escaped] ?? `\\${escaped}`;
    } else value += char;
  }
  return { problem: `the quote ${quote} is not closed` };
}

function parseValue(text: string): Parsed {
  const first = text.charAt(0);
  if (first === '"' || first === "'") return parseQuoted(text, first);
  if (first === '#') return { value: '' };
  return { value: text.replace(/\s+#.*$/, '').trim() };
}

/**
 * Reads the text of a `.env` file: `NAME=value` lines, optionally after `export`, comments, single quotes (literal) and
 * double quotes (with `\n`, `\t`, `\"`, `\\`). Nothing is expanded. A line that is none of these, and a name set twice,
 * make the whole file unreadable. Problems name settings but never quote values, which may be secrets.
 */
export function parseDotenv(text: string): DotenvResult {
  const values: Record<string, string> = Object.create(null);
  const setOn = new Map<string, number>();
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  for (const [index, raw] of lines.entries()) {
    const line = index + 1;
    const content = raw.trim();
    if (content === '' || content.startsWith('#')) continue;
    const [, name, rest] = assignment.exec(content) ?? [];
    if (name === undefined || rest === undefined)
      return { ok: false, line, problem: 'it is not of the form NAME=value' };
    const earlier = setOn.get(name);
    if (earlier !== undefined) return { ok: false, line, problem: `${name} is already set on line ${earlier}` };
    const parsed = parseValue(rest);
    if ('problem' in parsed) return { ok: false, line, problem: `${name}: ${parsed.problem}` };
    if (parsed.value.includes('\0')) return { ok: false, line, problem: `${name} contains a NUL character` };
    setOn.set(name, line);
    values[name] = parsed.value;
  }
  return { ok: true, values: { ...values } };
}
