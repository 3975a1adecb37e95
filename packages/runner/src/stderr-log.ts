import { claudeMark } from '@airlock/protocol/inside';

/** Longest line; longer ones are cut. */
const lineLength = 2_000;
/** The engine keeps 256 KiB of a container's log: so much a minute leaves room for what the runner says. */
const charactersAtOnce = 16_000;
const refillMs = 60_000;
/** Lines left out are remembered, so that the last of them are not. */
const heldLines = 20;

export interface StderrLog {
  take(text: string): void;
  /** Nothing more comes: says what was left out last. */
  end(): void;
}

interface StderrLogOptions {
  readonly write: (text: string) => void;
  /** In milliseconds. */
  readonly now: () => number;
}

/** Prints what Claude Code writes to its stderr, line by line and marked as its words, and not too much of it. */
export function createStderrLog({ write, now }: StderrLogOptions): StderrLog {
  let rest = '';
  let left = charactersAtOnce;
  let refilledAt = now();
  let held: string[] = [];
  let leftOut = 0;

  function print(line: string): void {
    write(`${claudeMark}${line}\n`);
    left -= line.length;
  }

  function sayLeftOut(): void {
    if (leftOut > 0) print(`(${leftOut} lines were left out)`);
    leftOut = 0;
    held = [];
  }

  function takeLine(line: string): void {
    if (line.trim() === '') return;
    const cut = line.length > lineLength ? `${line.slice(0, lineLength)}…` : line;
    if (now() - refilledAt >= refillMs) {
      refilledAt = now();
      left = charactersAtOnce;
      sayLeftOut();
    }
    // In order: after one that is left out, so are those that would fit.
    if (leftOut === 0 && left >= cut.length) {
      print(cut);
      return;
    }
    leftOut += 1;
    held = [...held, cut].slice(-heldLines);
  }

  return {
    take(text) {
      const lines = (rest + text).split(/\r?\n/);
      rest = (lines.pop() ?? '').slice(0, lineLength + 1);
      for (const line of lines) takeLine(line);
    },
    end() {
      takeLine(rest);
      rest = '';
      const last = held;
      leftOut -= last.length;
      sayLeftOut();
      for (const line of last) print(line);
    },
  };
}
