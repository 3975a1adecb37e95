import { createInterface, type Interface } from 'node:readline';
import { type Readable, Writable } from 'node:stream';
import stringWidth from 'string-width';
import { plain } from '../plain.ts';
import { editRow } from './edit-row.ts';
import { rowsOf } from './lay-out.ts';
import { createKeys, meant, pasteMode } from './paste.ts';

/** A terminal somebody sits at. */
export interface Tty {
  readonly input: Readable & { setRawMode?(isRaw: boolean): unknown };
  readonly output: Writable & { columns?: number };
}

export interface ScreenOptions {
  /** Somebody begins to type a line. */
  onBegin(): void;
  /** A line was sent. */
  onLine(line: string): void;
  /** Somebody wants to leave: Ctrl-C, Ctrl-D, or the terminal is gone. */
  onLeave(): void;
}

/** The terminal: what was said scrolls up, below it the text in progress, and last the line being typed. */
export interface Screen {
  readonly width: number;
  /** Whole lines, safe to print. */
  print(text: string): void;
  /** Goes on with a text in progress, whose first row begins with `mark`, and the others as far in. */
  stream(text: string, mark: string): void;
  endStream(): void;
  /** Shows one line below a text in progress; '' for none. */
  peek(text: string): void;
  setPrompt(prompt: string, isSecret?: boolean): void;
  /** Lends the terminal to another program; what is printed meanwhile comes after it. */
  lend<T>(use: () => Promise<T>): Promise<T>;
  close(): void;
}

const narrowest = 20;

/**
 * A14. Nothing shown mangles the line being typed: it is always the last row, whole, with its cursor where it was.
 *
 * Everything is drawn here: readline edits the line, and what it would print is thrown away.
 */
export function createScreen({ input, output }: Tty, { onBegin, onLine, onLeave }: ScreenOptions): Screen {
  const unseen = Object.assign(new Writable({ write: (_chunk, _encoding, done) => done() }), { columns: 10_000 });
  let keys = createKeys();
  let editor: Interface | undefined;
  let prompt = '';
  let isSecret = false;
  /** The row in progress, and what stands before it. */
  let tail: { mark: string; text: string } | undefined;
  let peeked = '';
  /** Rows of ours above the one the cursor is in. */
  let above = 0;
  let waiting = '';
  let isLent = false;
  let wasEmpty = true;
  let history: string[] = [];
  let isClosing = false;
  let isOver = false;

  const width = () => Math.max(output.columns || 80, narrowest);

  function clear(): string {
    const up = above > 0 ? `\x1b[${above}A` : '';
    return `\r${up}\x1b[0J`;
  }

  function rows(): string {
    const line = editor?.line ?? '';
    const { text, column } = editRow({ prompt, line, cursor: editor?.cursor ?? 0, isSecret }, width());
    const upper = [...(tail === undefined ? [] : [`${tail.mark}${tail.text}`]), ...(peeked === '' ? [] : [peekRow()])];
    above = upper.length;
    return `${[...upper, text].join('\n')}\r${column > 0 ? `\x1b[${column}C` : ''}`;
  }

  /** The end of it, where it is longer than a row. */
  function peekRow(): string {
    return editRow({ prompt: '', line: peeked, cursor: peeked.length, isSecret: false }, width()).text;
  }

  function draw(text = ''): void {
    if (isLent) waiting += text;
    else if (isOver) output.write(text);
    else output.write(`${clear()}${text}${rows()}`);
  }

  function onKey(): void {
    const isEmpty = (editor?.line ?? '') === '';
    if (wasEmpty && !isEmpty) onBegin();
    wasEmpty = isEmpty;
    draw();
  }

  function take(line: string): void {
    const shown = isSecret ? '•'.repeat(3) : plain(line);
    if (line !== '') draw(`${prompt}${shown}\n`);
    wasEmpty = true;
    onLine(meant(line));
  }

  function open(): void {
    keys = Object.assign(createKeys(), { setRawMode: (isRaw: boolean) => input.setRawMode?.(isRaw) });
    input.pipe(keys);
    output.write(pasteMode.on);
    editor = createInterface({ input: keys, output: unseen, terminal: true, prompt: '', history });
    editor.on('history', (lines) => {
      if (isSecret) lines.shift();
      history = [...lines];
    });
    editor.on('line', take).on('SIGINT', onLeave).on('close', whenClosed).on('SIGTSTP', suspend);
    keys.on('keypress', onKey);
  }

  function whenClosed(): void {
    if (!isClosing) onLeave();
  }

  /** Ctrl-Z: stops us and what started us, as the terminal would have done, and goes on with the shell's `fg`. */
  function suspend(): void {
    input.setRawMode?.(false);
    output.write(`${clear()}${pasteMode.off}`);
    above = 0;
    process.once('SIGCONT', () => {
      if (isOver || isLent) return;
      input.setRawMode?.(true);
      output.write(pasteMode.on);
      draw();
    });
    process.kill(0, 'SIGTSTP');
  }

  function shut(): void {
    isClosing = true;
    input.unpipe(keys);
    input.pause();
    editor?.close();
    editor = undefined;
    keys.destroy();
    output.write(`${clear()}${pasteMode.off}`);
    above = 0;
    isClosing = false;
  }

  const onResize = () => draw();
  output.on('resize', onResize);
  input.on('end', whenClosed);
  open();
  draw();

  return {
    get width() {
      return width();
    },
    print: draw,
    stream(text, mark) {
      const lines = `${tail?.text ?? ''}${text}`.split('\n');
      let current = tail?.mark ?? mark;
      let done = '';
      for (const [at, line] of lines.entries()) {
        const cut = rowsOf(line, width() - 1 - stringWidth(mark));
        const isLast = at === lines.length - 1;
        for (const row of isLast ? cut.slice(0, -1) : cut) {
          done += `${current}${row}\n`;
          current = ' '.repeat(stringWidth(mark));
        }
        if (isLast) tail = { mark: current, text: cut.at(-1) ?? '' };
      }
      draw(done);
    },
    endStream() {
      const row = tail;
      tail = undefined;
      if (row !== undefined) draw(`${row.mark}${row.text}\n`);
    },
    peek(text) {
      if (peeked === text) return;
      peeked = text;
      draw();
    },
    setPrompt(text, secret = false) {
      if (prompt === text && isSecret === secret) return;
      [prompt, isSecret] = [text, secret];
      draw();
    },
    async lend(use) {
      shut();
      isLent = true;
      try {
        return await use();
      } finally {
        isLent = false;
        if (!isOver) open();
        draw(waiting);
        waiting = '';
      }
    },
    close() {
      output.off('resize', onResize);
      input.off('end', whenClosed);
      isOver = true;
      if (!isLent) shut();
    },
  };
}
