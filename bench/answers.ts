import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HostRig, startHostRig } from '@airlock/host/executions/host-rig.fixture';
import { openStore } from '@airlock/host/store/store';
import { type Figure, median, printFigures, quantile, timed } from './support/figures.ts';

/*
 * `node bench/answers.ts [answers]`: from an answer to the next question of the function, when it is in a process, when it has
 * been put away, and when its process must be started. Beside two bare writes with fdatasync and a message to a bare process
 * and back, and beside the start of a bare process.
 */

const answers = Number(process.argv[2] ?? 200);
const starts = 20;
const ann = { name: 'ann', role: 'admin' } as const;
const dir = mkdtempSync(join(tmpdir(), 'airlock-bench-answers-'));
const store = await openStore(join(dir, 'airlock.db'));
const env = { PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE: join(dir, 'cache') };
const servicesDir = join(import.meta.dirname, 'services');

/** Answers one question after another; `before` each of them. Milliseconds to the next question. */
async function run(host: HostRig, times: number, before: (id: string) => Promise<void>): Promise<number[]> {
  const id = await host.launch('waits', { times: String(times + 1) });
  const samples: number[] = [];
  for (let n = 0; n < times; n += 1) {
    const request = await host.asked(id, `ask-${n}`);
    await before(id);
    samples.push(
      await timed(async () => {
        const next = host.asked(id, `ask-${n + 1}`);
        await host.inbox.answer(request, { words: 'yes' }, ann);
        await next;
      }),
    );
  }
  await host.executions.remove(id, 'ann');
  return samples;
}

function children(): string[] {
  try {
    return execFileSync('pgrep', ['-P', String(process.pid), '-f', 'flow/src/process.ts'], { encoding: 'utf8' })
      .trim()
      .split('\n');
  } catch {
    return [];
  }
}

const passed = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const host = await startHostRig({ store, services: servicesDir, env });
await run(host, 20, () => Promise.resolve());
const resident = await run(host, answers, () => Promise.resolve());
const replayed = await run(host, answers, (id) => Promise.resolve(host.executions.release([id])));
await host.stop();

const idle = await startHostRig({ store, services: servicesDir, env, serviceIdleMs: 20 });
const started = await run(idle, starts, async (id) => {
  if (children().length === 0) throw new Error('The process of the service was not found');
  idle.executions.release([id]);
  while (children().length > 0) await passed(10);
});
await idle.stop();
await store.close();

const raw = openSync(join(dir, 'raw'), 'w');
const echo = fork(join(import.meta.dirname, 'support/echo.ts'));
const bare: number[] = [];
for (let n = 0; n < answers; n += 1) {
  bare.push(
    await timed(async () => {
      for (let write = 0; write < 2; write += 1) {
        writeSync(raw, Buffer.alloc(12_000));
        fdatasyncSync(raw);
      }
      echo.send({ n });
      await once(echo, 'message');
    }),
  );
}
echo.kill();
closeSync(raw);
const bareStart: number[] = [];
for (let n = 0; n < starts; n += 1) {
  const child = fork(join(import.meta.dirname, 'support/echo.ts'), [], { env });
  bareStart.push(
    await timed(async () => {
      child.send({ n });
      await once(child, 'message');
    }),
  );
  child.kill();
}
rmSync(dir, { recursive: true, force: true });

const figure = (name: string, samples: readonly number[], baseline: string, limit: number): Figure => {
  const value = quantile(samples, 0.95);
  return { name, value, unit: 'ms p95', baseline, wanted: `≤ ${limit} ms`, isMet: value <= limit };
};
const writes = `two writes and a message: ${quantile(bare, 0.95).toFixed(1)} ms p95`;
printFigures([
  figure('answer to going on, in a process', resident, writes, 20),
  figure('answer to going on, put away', replayed, writes, 60),
  figure('answer to going on, process to start', started, `a bare process: ${median(bareStart).toFixed(0)} ms`, 400),
]);
