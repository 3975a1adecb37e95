import type { Service } from '../service.ts';
import type { End, LogEntry, Script } from './script.ts';
import { ServiceTest } from './service-test.ts';

/** What came out of a run with a crash in it. */
export interface CrashRun {
  /** 0: no crash. */
  readonly crashAt: number;
  readonly runs: number;
  readonly end: End;
  readonly log: readonly LogEntry[];
  /** Attempts begun of each step, by name. */
  readonly attempts: ReadonlyMap<string, number>;
  /** Files written, by name. */
  readonly made: ReadonlyMap<string, string>;
}

/**
 * Runs a fully scripted service once without a crash, then once per moment with a crash at it. Time moves when nothing
 * else can happen, so locks without a scripted answer expire.
 */
export async function crashMatrix(service: Service, script: Script): Promise<CrashRun[]> {
  const results: CrashRun[] = [];
  let moments = 0;
  for (let crashAt = 0; crashAt <= moments; crashAt += 1) {
    const test = new ServiceTest(service, { ...script, crashAt: [crashAt] });
    const end = await test.finish();
    if (crashAt === 0) moments = test.moments;
    results.push({ crashAt, runs: test.runs, end, log: test.log, attempts: test.attempts, made: test.made });
  }
  return results;
}
