import { spawn } from 'node:child_process';
import { join } from 'node:path';
import xterm from '@xterm/headless';
import { root } from './host.ts';

/** The `airlock` command at a pseudo-terminal, and what its screen shows. */
export interface TestTerminal {
  /** Presses keys. */
  type(keys: string): void;
  /** Types a line and sends it. */
  send(line: string): void;
  /** All that was shown, rows of one line joined. */
  text(): string;
  /** Resolves once the text, or something that fits, is shown; rejects with what is shown when the command ends before. */
  sees(wanted: string | RegExp): Promise<void>;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
  /** As if its window was closed. */
  close(): void;
}

/** Longest a test waits for something to be shown; far more than anything takes. */
const patienceMs = 30_000;
const [columns, rows] = [100, 40];

/** Joins what a terminal has cut into rows, the text that was scrolled away included. */
function textOf({ buffer }: InstanceType<typeof xterm.Terminal>): string {
  const { active } = buffer;
  let text = '';
  for (let at = 0; at < active.length; at += 1) {
    const line = active.getLine(at);
    text += `${at > 0 && !line?.isWrapped ? '\n' : ''}${line?.translateToString(true) ?? ''}`;
  }
  return text.trimEnd();
}

export function openTerminal(home: string, ...args: readonly string[]): TestTerminal {
  const screen = new xterm.Terminal({ cols: columns, rows, scrollback: 5_000, allowProposedApi: true });
  const { PATH = '', HOME = '/root' } = process.env;
  const words = [process.execPath, join(root, 'packages/cli/src/main.ts'), ...args].map((word) => `'${word}'`);
  const command = `stty cols ${columns} rows ${rows}; exec ${words.join(' ')}`;
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      PATH,
      HOME,
      AIRLOCK_HOME: home,
      TERM: 'xterm-256color',
      SHELL: '/bin/sh',
      EDITOR: join(import.meta.dirname, 'editor.sh'),
    },
  });
  const waiting = new Set<() => void>();
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  child.stdout.on('data', (chunk: Buffer) => {
    screen.write(chunk, () => {
      for (const check of waiting) check();
    });
  });
  const fits = (wanted: string | RegExp) =>
    typeof wanted === 'string' ? textOf(screen).includes(wanted) : wanted.test(textOf(screen));

  return {
    ended,
    type: (keys) => void child.stdin.write(keys),
    send: (line) => void child.stdin.write(`${line}\r`),
    text: () => textOf(screen),
    close: () => void child.kill('SIGKILL'),
    async sees(wanted) {
      const shown = Promise.withResolvers<void>();
      const check = () => {
        if (fits(wanted)) shown.resolve();
      };
      const fail = (why: string) => shown.reject(new Error(`${why}, and ${wanted} was not shown:\n${textOf(screen)}`));
      const late = AbortSignal.timeout(patienceMs);
      late.addEventListener('abort', () => fail('It took too long'));
      void ended.then(() => {
        check();
        fail('The command ended');
      });
      waiting.add(check);
      check();
      await shown.promise.finally(() => waiting.delete(check));
    },
  };
}
