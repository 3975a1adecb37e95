import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** What `npm run check` runs, in this order: the quickest to fail comes first; with names, only those. */
const stages: readonly (readonly [name: string, command: readonly string[]])[] = [
  ['format', ['biome', 'format', '.']],
  ['lint', ['biome', 'lint', '--error-on-warnings', '.']],
  ['types', ['tsc', '-p', 'tsconfig.json']],
  ['panel types', ['tsc', '-p', 'packages/panel/tsconfig.json']],
  ['layers', ['vitest', 'run', '--project', 'layers']],
  ['dead code', ['knip']],
  ['unit', ['vitest', 'run', '--project', 'unit']],
];

const bin = join(import.meta.dirname, '..', 'node_modules', '.bin');

function run([name = '', ...args]: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
    const child = spawn(join(bin, name), args, { stdio: 'inherit', env });
    child.once('error', () => resolve(127));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !stages.some(([stage]) => stage === name));
if (unknown.length > 0) {
  process.stderr.write(`There is no stage ${unknown.join(', ')}: ${stages.map(([stage]) => stage).join(', ')}\n`);
  process.exit(2);
}
const results: string[] = [];
let failed = 0;
for (const [name, command] of stages.filter(([stage]) => wanted.length === 0 || wanted.includes(stage))) {
  const started = performance.now();
  const code = await run(command);
  if (code !== 0) failed += 1;
  results.push(`${code === 0 ? '✓' : '✗'} ${name.padEnd(12)} ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
process.stdout.write(`\n${results.join('\n')}\n`);
process.exitCode = failed === 0 ? 0 : 1;
