import { toShown } from './failure.ts';
import { plain } from './plain.ts';

/** Where a command writes. `isTerminal` allows colours and a progress line that rewrites itself. */
export interface Terminal {
  readonly isTerminal: boolean;
  out(text: string): void;
  err(text: string): void;
}

const styles = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33', cyan: '36' } as const;

/** Colours text when the terminal takes colours. */
export function paint(terminal: Terminal, style: keyof typeof styles, text: string): string {
  return terminal.isTerminal ? `\x1b[${styles[style]}m${text}\x1b[0m` : text;
}

/** A value as one line of JSON. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.out(`${JSON.stringify(value)}\n`);
}

/** Shows an error: to people on the error stream, to programs as `{"error":…}` on the output. */
export function printError(terminal: Terminal, thrown: unknown, asJson: boolean): void {
  const shown = toShown(thrown);
  if (asJson) {
    printJson(terminal, { error: shown });
    return;
  }
  const detail = shown.detail === '' ? '' : ` — ${plain(shown.detail)}`;
  const fields = Object.entries(shown.fields ?? {}).map(([name, texts]) => `  ${name}: ${texts.join('; ')}\n`);
  const mark = paint(terminal, 'red', '✗');
  terminal.err(`${mark} ${plain(shown.title)}${detail}\n${plain(fields.join(''))}  → ${plain(shown.fix)}\n`);
}

/** Rows in columns as wide as their widest cell. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  }
  return rows
    .map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

/** Says on the error stream what is being waited for and how long; `end` replaces it by its outcome. */
export function startProgress(terminal: Terminal, text: string): { end(outcome: string): void } {
  const started = Date.now();
  const elapsed = () => `${((Date.now() - started) / 1000).toFixed(0)} s`;
  terminal.err(terminal.isTerminal ? `… ${text}` : `… ${text}\n`);
  const timer = setInterval(
    () => terminal.err(terminal.isTerminal ? `\r… ${text}, ${elapsed()}` : `… ${text}, ${elapsed()}\n`),
    terminal.isTerminal ? 1000 : 10_000,
  );
  return {
    end(outcome) {
      clearInterval(timer);
      terminal.err(`${terminal.isTerminal ? '\r\x1b[2K' : ''}${outcome} (${elapsed()})\n`);
    },
  };
}
