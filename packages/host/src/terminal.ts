import { createInterface } from 'node:readline/promises';
import { AirlockError } from '@airlock/protocol/errors';

/** Where people see a start happen. */
export interface Terminal {
  line(text: string): void;
  /** Replaces the last step line while it goes on; on a pipe each step is printed once. */
  progress(text: string): void;
  /** Asks yes or no; true without asking when nobody can be asked or `--yes` was given. */
  confirm(question: string): Promise<boolean>;
}

export function createTerminal(options: { yes: boolean }): Terminal {
  const { stdout, stdin } = process;
  const isTerminal = stdout.isTTY === true;
  let open = '';

  function closeProgress(): void {
    if (open !== '' && isTerminal) stdout.write('\r\x1b[2K');
    open = '';
  }

  return {
    line(text) {
      closeProgress();
      stdout.write(`${text}\n`);
    },
    progress(text) {
      if (isTerminal) {
        stdout.write(`\r\x1b[2K${text.slice(0, Math.max(20, (stdout.columns ?? 80) - 1))}`);
        open = text;
        return;
      }
      const step = text.replace(/\s+\d+ s$|: [\d.]+ (?:[KMGT]i)?B$/, '');
      if (step !== open) stdout.write(`${step}\n`);
      open = step;
    },
    async confirm(question) {
      if (options.yes || stdin.isTTY !== true) return true;
      closeProgress();
      const prompt = createInterface({ input: stdin, output: stdout });
      const answer = await prompt.question(`${question} [Y/n] `);
      prompt.close();
      return /^(y(es)?)?$/i.test(answer.trim());
    },
  };
}

/** An error as people see it in a terminal: what happened and what to do. */
export function renderError(thrown: unknown): string {
  const { title, detail, fix } = explain(thrown).toBody();
  return `✗ ${title} — ${detail}\n  → ${fix}`;
}

const sqliteFull = 13;
const diskFull = new Set(['ENOSPC', 'EDQUOT']);
const noFolder = new Set(['EACCES', 'EPERM', 'EROFS', 'EEXIST', 'ENOTDIR']);

/** What the system says of the files of the home, as one of ours. */
export function explain(thrown: unknown): AirlockError {
  if (!(thrown instanceof Error) || !('code' in thrown) || thrown instanceof AirlockError)
    return AirlockError.from(thrown);
  const code = 'errcode' in thrown && thrown.errcode === sqliteFull ? 'ENOSPC' : String(thrown.code);
  if (diskFull.has(code)) return AirlockError.from(thrown, 'disk_full');
  const isStore = code === 'ERR_SQLITE_ERROR' || (noFolder.has(code) && 'path' in thrown);
  return AirlockError.from(thrown, isStore ? 'store_unusable' : 'internal');
}
