import manifest from '../package.json' with { type: 'json' };
import type { Context } from './context.ts';
import { runCommand } from './program.ts';
import { canRewrite, hasColours, readSettings, type Settings } from './settings.ts';

/** Signals are taken over only once a command asks for them; until then they end the process as usual. */
function createContext(): Context {
  let settings: Settings | undefined;
  let abort: AbortController | undefined;
  return {
    get settings() {
      settings ??= readSettings();
      return settings;
    },
    get signal() {
      if (abort === undefined) {
        const controller = new AbortController();
        for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => controller.abort());
        abort = controller;
      }
      return abort.signal;
    },
    terminal: {
      isTerminal: process.stdout.isTTY === true && process.stderr.isTTY === true && hasColours(),
      out: (text) => void process.stdout.write(text),
      err: (text) => void process.stderr.write(text),
    },
    tty:
      process.stdin.isTTY === true && process.stdout.isTTY === true && canRewrite()
        ? { input: process.stdin, output: process.stdout }
        : undefined,
  };
}

// `airlock logs | head` closes our output early: that is an end, not a fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.exitCode = await runCommand(process.argv.slice(2), manifest.version, createContext());
