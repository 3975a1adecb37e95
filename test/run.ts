import { globSync } from 'node:fs';
import { startVitest } from 'vitest/node';
import { Counter } from './setup/counter.ts';
import { prepare } from './setup/prepare.ts';
import { root } from './source/files.ts';

/** `npm test`: sets up what the tests need, runs all of them, and ends with `N passed, N failed`. */
const terminal = {
  isTerminal: process.stdout.isTTY === true && process.stderr.isTTY === true,
  out: (text: string) => void process.stdout.write(text),
  err: (text: string) => void process.stderr.write(text),
};

const filters = process.argv.slice(2);
const counter = new Counter();

/** Runs the tests of a configuration; one that cannot start, or finds nothing to run, counts as failed. */
async function run(name: string, config: string): Promise<void> {
  const before = counter.passed + counter.failed;
  terminal.out(`\n── ${name} tests\n`);
  try {
    const options = { root, config, watch: false, run: true, reporters: ['default', counter], passWithNoTests: true };
    const vitest = await startVitest('test', filters, options);
    await vitest.close();
  } catch (error) {
    terminal.err(`✗ The ${name} tests could not run: ${error instanceof Error ? error.stack : String(error)}\n`);
    counter.failed += 1;
  }
  if (filters.length === 0 && counter.passed + counter.failed === before) {
    terminal.err(`✗ There are no ${name} tests\n`);
    counter.failed += 1;
  }
}

function storyFiles(): string[] {
  return globSync('{test,packages,services}/**/*.{container,story}.test.ts', {
    cwd: root,
    exclude: (path) => path.includes('node_modules'),
  });
}

const problems = await prepare(terminal);
await run('unit', 'vitest.config.ts');
if (problems.size === 0) await run('story', 'vitest.stories.config.ts');
else {
  // Without their set-up they would only fail one by one, after their time-outs.
  for (const [step, problem] of problems) terminal.err(`✗ Not set up: ${step} — ${problem}\n`);
  const files = storyFiles();
  for (const file of files) terminal.err(`✗ ${file} could not run\n`);
  counter.failed += Math.max(files.length, 1);
}
process.exitCode = counter.failed === 0 ? 0 : 1;
terminal.out(`\n${counter.passed} passed, ${counter.failed} failed\n`);
