import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { idSchema } from '@airlock/protocol/ids';
import type { FromService, RecordedCall, ToService } from '@airlock/protocol/service-channel';
import { v7 } from 'uuid';
import { median, printFigures } from './support/figures.ts';

/*
 * `node bench/replay.ts [rounds]`: a service process that is up is given a log of 1,500 calls and outcomes, and asks for the
 * next one; beside a bare process that sends as much back and forth.
 */

const rounds = Number(process.argv[2] ?? 30);
const events = 1_500;
const execArgv = ['--max-old-space-size=256'];

const calls: RecordedCall[] = [];
const outcomes: Extract<ToService, { type: 'run' }>['outcomes'] = [];
for (let n = 0; n < events / 2; n += 1) {
  const key = `main/random/#${n}`;
  calls.push({ key, call: { kind: 'random' } });
  outcomes.push({ key, outcome: { ok: true, value: n / events } });
}
const runMessage = (): ToService => ({ type: 'run', execution: idSchema.parse(v7()), inputs: {}, calls, outcomes });

/** Sends it and resolves with the milliseconds until the answer that fits. */
async function answered(
  child: ChildProcess,
  message: ToService,
  fits: (answer: FromService) => boolean,
): Promise<number> {
  const from = performance.now();
  const answer = new Promise<void>((resolve) => {
    const take = (raw: unknown) => {
      if (!fits(raw as FromService)) return;
      child.off('message', take);
      resolve();
    };
    child.on('message', take);
  });
  child.send(message);
  await answer;
  return performance.now() - from;
}

const entry = fileURLToPath(import.meta.resolve('@airlock/flow/process'));
const service = fork(entry, [join(import.meta.dirname, 'support/draws.ts')], { execArgv });
const echo = fork(join(import.meta.dirname, 'support/echo.ts'), [], { execArgv });
await once(service, 'message');
const ours: number[] = [];
const bare: number[] = [];
for (let round = 0; round < rounds; round += 1) {
  ours.push(await answered(service, runMessage(), (answer) => answer.type === 'call' && answer.call.kind === 'lock'));
  bare.push(await answered(echo, runMessage(), () => true));
}
service.kill();
echo.kill();
const ms = median(ours);
printFigures([
  {
    name: `replay of ${events} calls and outcomes`,
    value: ms,
    unit: 'ms',
    baseline: `the same message to a bare process and back: ${median(bare).toFixed(1)} ms`,
    wanted: '≤ 30 ms',
    isMet: ms <= 30,
  },
]);
