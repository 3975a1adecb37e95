import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printFigures } from './support/figures.ts';
import { startBenchHost } from './support/host-process.ts';

/*
 * `node bench/waiting.ts [executions]`: so many executions wait at a form on one host; then it is killed and started again.
 * Beside the same host with one of them.
 */

const count = Number(process.argv[2] ?? 10_000);
const dir = mkdtempSync(join(tmpdir(), 'airlock-bench-waiting-'));
const path = join(dir, 'airlock.db');
const atOnce = 200;

let host = await startBenchHost(path);
await host.ask({ type: 'launch', times: 1, count: 1 });
const empty = await host.ask<number>({ type: 'memory' });
const from = performance.now();
for (let n = 1; n < count; n += atOnce) {
  await host.ask({ type: 'launch', times: 1, count: Math.min(atOnce, count - n) });
  process.stderr.write(`\r${n} of ${count} wait`);
}
const launching = performance.now() - from;
// They are put away once they have waited, which is looked at every second.
await new Promise((resolve) => setTimeout(resolve, 3_000));
const full = await host.ask<number>({ type: 'memory' });
const requests = await host.ask<string[]>({ type: 'open' });
await host.kill();

const killed = performance.now();
host = await startBenchHost(path);
const up = performance.now() - killed;
const sample = Array.from({ length: 100 }, (_, n) => requests[Math.floor((n * requests.length) / 100)] ?? '');
for (const request of sample) await host.ask({ type: 'answer', request });
const answered = performance.now() - killed;
const again = await host.ask<number>({ type: 'memory' });
await host.kill();
rmSync(dir, { recursive: true, force: true });

process.stderr.write(`\r${requests.length} waited; ${(count / (launching / 1000)).toFixed(0)} launches a second\n`);
printFigures([
  {
    name: `memory of ${count} executions that wait`,
    value: full - empty,
    unit: 'MB',
    baseline: `the host with one: ${empty.toFixed(0)} MB; after the restart ${again.toFixed(0)} MB`,
    wanted: '< 200 MB',
    isMet: full - empty < 200,
  },
  {
    name: 'all answerable after a restart',
    value: up / 1000,
    unit: 's',
    baseline: `and 100 of them answered after ${(answered / 1000).toFixed(1)} s`,
    wanted: '≤ 5 s',
    isMet: up <= 5_000,
  },
]);
