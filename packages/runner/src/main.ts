import { startAhead } from './ahead.ts';
import { listenOnLoopback } from './loopback.ts';
import { readSurroundings } from './surroundings.ts';

/* Only what is needed to start the CLI is imported here; the rest is loaded while that starts. */

/** Said on stderr, where the engine keeps the last words of a container. */
function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

try {
  const surroundings = readSurroundings();
  const loopback = await listenOnLoopback();
  const ahead = startAhead(surroundings, loopback.url);
  const { startRunner } = await import('./runner.ts');
  const runner = await startRunner(surroundings, { loopback, ahead });
  process.once('SIGTERM', runner.stop);
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      say(`The runner failed: ${error instanceof Error ? error.stack : String(error)}`);
      runner.fail(error);
    });
  }
  const { code, words } = await runner.finished;
  if (words !== undefined) say(words);
  process.exit(code);
} catch (error) {
  say(`The runner could not start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
