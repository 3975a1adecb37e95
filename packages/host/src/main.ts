import { join } from 'node:path';
import { runBackupCommand } from './backup-command.ts';
import { type Config, readConfig } from './config.ts';
import { examine } from './doctor.ts';
import { endSessions } from './end-sessions.ts';
import { isHomeLocked } from './host-file.ts';
import { prepareImage, readImage } from './prepare-image.ts';
import { serve } from './serve.ts';
import { prepareEngine, searchEngine } from './setup.ts';
import { createTerminal, renderError } from './terminal.ts';

const [command = '', ...flags] = process.argv.slice(2);
const terminal = createTerminal({ yes: flags.includes('--yes') });

/** Runs one subcommand; resolves with the exit code when there is nothing left to do. */
async function run(config: Config): Promise<number | undefined> {
  switch (command) {
    case 'serve':
      await runServer(config);
      return undefined;
    case 'setup': {
      const engine = await prepareEngine(config, terminal);
      terminal.line(`✓ Engine  ${engine.words}`);
      const image = await prepareImage(config, engine, terminal);
      terminal.line(`✓ Image   ${image.reference}`);
      return 0;
    }
    case 'image':
      await prepareImage(config, await searchEngine(config), terminal);
      return 0;
    case 'doctor': {
      const checks = await examine(config, {
        engine: async () => (await searchEngine(config)).info,
        image: async () => await readImage(config, await searchEngine(config)),
        running: isHomeLocked(config.home),
      });
      process.stdout.write(`${JSON.stringify({ checks })}\n`);
      return 0;
    }
    case 'backup':
    case 'restore':
      return await runBackupCommand(command, config, terminal, flags);
    case 'end-sessions':
      await endSessions(config);
      return 0;
    default:
      process.stderr.write(
        'Usage: main.ts serve [--yes] | setup [--yes] | image | doctor --json | end-sessions | backup <file> | restore <file>\n',
      );
      return 2;
  }
}

async function runServer(config: Config): Promise<void> {
  let stopping = false;
  const stop = (sessions: boolean) => {
    if (stopping) return;
    stopping = true;
    terminal.line(sessions ? 'Stopping, and ending sessions' : 'Stopping; sessions stay for the next start');
    host.then((running) => running.stop({ sessions })).then(() => process.exit(0), fail);
  };
  const host = serve(config, terminal, stop);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(false));
  await host;
}

function fail(error: unknown): never {
  process.stderr.write(`${renderError(error)}\n`);
  process.exit(1);
}

try {
  const code = await run(readConfig(join(import.meta.dirname, '../../..')));
  if (code !== undefined) process.exit(code);
} catch (error) {
  fail(error);
}
