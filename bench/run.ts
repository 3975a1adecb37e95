import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/* `npm run bench`: every benchmark, one after the other, as one table. Needs a quiet machine, and a worker image. */

const benchmarks = [
  'append',
  'replay',
  'answers',
  'waiting',
  'list',
  'viewers',
  'sessions',
  'approvals',
  'losses',
  'restarts',
  'warm',
  'sleep',
];
const isRow = (line: string) => line.startsWith('| ');
let head = true;
let failed = false;

for (const name of benchmarks) {
  process.stderr.write(`\r${name} …\n`);
  const child = spawn(process.execPath, [join(import.meta.dirname, `${name}.ts`)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const rows = (await text(child.stdout)).split('\n').filter(isRow);
  process.stdout.write(
    rows
      .slice(head ? 0 : 2)
      .map((row) => `${row}\n`)
      .join(''),
  );
  head = false;
  failed ||= (await ended) !== 0 || rows.some((row) => row.endsWith('| no |'));
}
process.exitCode = failed ? 1 : 0;
