import type { Need } from './admission.ts';

interface Limits {
  readonly maxCpus: number | undefined;
  readonly maxMemoryBytes: number | undefined;
}

/** A session waits for the model and for people most of its time, so that several share a CPU; memory it has alone. */
const sessionsPerCpu = 8;
const gibibyte = 1024 ** 3;

/** What the containers of sessions may take of the engine's machine together. The reserve is for everything else on it. */
export function budgetOf({ maxCpus, maxMemoryBytes }: Limits, engine: Need): Need {
  const reserve = Math.max(gibibyte, engine.memoryBytes / 10);
  return {
    cpus: maxCpus ?? engine.cpus * sessionsPerCpu,
    // One session of the usual size must fit, whatever the machine.
    memoryBytes: maxMemoryBytes ?? Math.max(gibibyte, Math.floor(engine.memoryBytes - reserve)),
  };
}
