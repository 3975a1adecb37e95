import { parseArgs } from 'node:util';
import { seededRandom } from '@airlock/flow/testing/time';
import { type ContainerRuns, createContainerRuns, type Victim } from './crash/container-runs.ts';
import { crashRun } from './crash/crash-run.ts';
import { faultsOf, type Told } from './crash/faults.ts';
import { prepare } from './setup/prepare.ts';

/*
 * `npm run soak [-- --runs 200 --seed 1]`: the service of the crash matrix, killed at random times. One run in ten has a
 * real container, and loses it too; in half of the runs Claude says something else when it is asked again.
 */

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
  },
});
const runs = Number(values.runs);
const seed = Number(values.seed);
const isEveryTenth = (run: number) => run % 10 === 0;

interface Outcome {
  readonly faults: readonly string[];
  readonly what: string;
}

async function soakProcesses(random: () => number, whole: Told): Promise<Outcome> {
  const blows = Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({
    victim: random() < 0.5 ? ('host' as const) : ('service' as const),
    afterMs: Math.floor(random() * 600),
  }));
  const vary = random() < 0.5;
  const told = await crashRun({ timed: blows, vary });
  const what = blows.map(({ victim, afterMs }) => `${victim} after ${afterMs} ms`).join(', ');
  return { faults: faultsOf(told, whole, vary), what };
}

async function soakContainer(random: () => number, containers: ContainerRuns, whole: Told): Promise<Outcome> {
  const victim = (['host', 'service', 'container'] as const)[Math.floor(random() * 3)] ?? 'host';
  const victims: Victim[] = [victim];
  const afterMs = Math.floor(random() * 2_500);
  const vary = random() < 0.5;
  const told = await containers.run({ victims, at: ({ kind }) => kind === 'prompt', moment: { afterMs } }, vary);
  return { faults: faultsOf(told, whole, vary), what: `${victim} after ${afterMs} ms, with a container` };
}

const problems = await prepare({
  isTerminal: process.stdout.isTTY === true,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
});
if (problems.size > 0) throw new Error([...problems].map(([step, problem]) => `${step}: ${problem}`).join('\n'));

const containers = await createContainerRuns();
let failed = 0;
try {
  const whole = await crashRun({});
  const wholeContainer = await containers.run(undefined, false);
  process.stdout.write(`${runs} runs with seed ${seed}\n`);
  for (let run = 1; run <= runs; run += 1) {
    const random = seededRandom(seed + run);
    const { faults, what } = isEveryTenth(run)
      ? await soakContainer(random, containers, wholeContainer)
      : await soakProcesses(random, whole);
    if (faults.length > 0) failed += 1;
    process.stdout.write(`${faults.length > 0 ? '✗' : '✓'} ${run}/${runs} ${what} ${faults.join('; ')}\n`);
  }
} finally {
  await containers.remove();
}
process.stdout.write(`\n${runs - failed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
