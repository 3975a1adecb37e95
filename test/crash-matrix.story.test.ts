import { beforeAll, describe, expect, it } from 'vitest';
import type { Kill } from './crash/channel.ts';
import { crashRun } from './crash/crash-run.ts';
import { faultsOf } from './crash/faults.ts';
import { problemsOf } from './crash/problems.ts';

/*
 * A service with three locks, two steps, a race, a sleep and a session, whose host or service process is killed at each
 * event of its log: in the write that appends it, and right after the commit.
 */

let whole: Awaited<ReturnType<typeof crashRun>>;
beforeAll(async () => {
  whole = await crashRun({});
});

function killsOf(victim: Kill['victim'], moment: Kill['moment']): Kill[] {
  return whole.events.slice(0, -1).map(({ seq }) => ({ victim, moment, seq }));
}

describe('a run that is not cut', () => {
  it('does everything once', () => {
    expect(faultsOf(whole, whole)).toEqual([]);
    expect(whole.hosts).toBe(1);
    expect(whole.effects).toEqual(['prepare', 'publish', 'publish']);
    expect(whole.events.length).toBeGreaterThan(25);
  });
});

describe.each([
  { victim: 'host', moment: 'after', vary: false },
  { victim: 'service', moment: 'after', vary: false },
  { victim: 'host', moment: 'before', vary: true },
] as const)(
  'killing the $victim $moment each event (turns vary when asked again: $vary)',
  ({ victim, moment, vary }) => {
    it('changes no result, no outcome and no answer, and shows every step that ran again', async () => {
      const problems = await problemsOf(killsOf(victim, moment), async (kill) => {
        const told = await crashRun({ kill, vary });
        const faults = faultsOf(told, whole);
        if (victim === 'host' && told.hosts !== 2) faults.push(`it took ${told.hosts} hosts`);
        const { kind, payload } = whole.events[kill.seq - 1] ?? {};
        return faults.map((fault) => `killed at event ${kill.seq}, ${kind} ${JSON.stringify(payload)}: ${fault}`);
      });
      expect(problems).toEqual([]);
    }, 600_000);
  },
);
