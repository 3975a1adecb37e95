import { startRunner } from './runner.ts';
import { readConfig } from './spec.ts';

/** Said on stderr, where the engine keeps the last words of a container. */
function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

try {
  const runner = await startRunner(readConfig());
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
