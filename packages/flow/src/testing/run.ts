import { AirlockError } from '@airlock/protocol/errors';
import { type FromService, toServiceSchema } from '@airlock/protocol/service-channel';
import { Execution } from '../execution.ts';
import { type Clock, realClock } from '../replay/clock.ts';
import { quietMs } from '../replay/quiet.ts';
import { parkMs } from '../replay/replay.ts';
import type { Service } from '../service.ts';
import { type Recording, testExecution } from './script.ts';

/** A test has no process beside it whose work could be taken for quiet: what is waited out is short. */
const testMs: Readonly<Record<number, number>> = { [quietMs]: 2, [parkMs]: 500 };

const testClock: Clock = {
  macrotask: realClock.macrotask,
  after: (ms, run) => realClock.after(testMs[ms] ?? ms, run),
};

/** Runs a service from the top. Everything crosses as JSON, as it does between host and service process. */
export function startRun(
  service: Service,
  recording: Recording,
  send: (message: FromService) => void,
  files?: string,
): Execution {
  const run = toServiceSchema.parse({ ...recording, files, type: 'run', execution: testExecution });
  if (run.type !== 'run') throw new AirlockError('internal', 'Expected a run message');
  return new Execution(service, run, (message) => send(JSON.parse(JSON.stringify(message))), testClock);
}

/** The same service; `onWorking` is told when an attempt of a step has begun and is not over at once. */
export function watchSteps(service: Service, onWorking: () => unknown): Service {
  const watched = (work: () => unknown) => () => {
    const value = work();
    if (value instanceof Promise) onWorking();
    return value;
  };
  return {
    ...service,
    start: (port) => service.start({ ...port, onStep: (key, work) => port.onStep(key, watched(work)) }),
  };
}
