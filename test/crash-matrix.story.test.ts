import type { Event } from '@airlock/protocol/events';
import type { Outcome } from '@airlock/protocol/service-channel';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Kill } from './crash/channel.ts';
import { crashRun, type Told } from './crash/crash-run.ts';

/*
 * A service with three locks, two steps, a race, a sleep and a session, whose host or service process is killed at each
 * event of its log: in the write that appends it, and right after the commit.
 */

let whole: Told;
beforeAll(async () => {
  whole = await crashRun({});
});

const atOnce = 3;

/** Runs `work` over all of `inputs`, a few at a time; resolves with what went wrong. */
async function problemsOf<T>(inputs: readonly T[], work: (input: T) => Promise<string[]>): Promise<string[]> {
  const left = [...inputs];
  const problems: string[] = [];
  const worker = async (): Promise<void> => {
    for (let input = left.shift(); input !== undefined; input = left.shift()) problems.push(...(await work(input)));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return problems;
}

/** An outcome without what differs from run to run: the session's id, and how often a turn was asked for. */
function comparable([key, outcome]: readonly [string, Outcome]): string {
  const text = JSON.stringify(outcome).replace(/ \(asked \d+ times\)/, '');
  return `${key} ${key.includes('session_open') ? outcome.ok : text}`;
}

const comparableOutcomes = ({ outcomes }: Told) => [...outcomes].map(comparable).sort();
const count = (events: readonly Event[], fits: (event: Event) => boolean) => events.filter(fits).length;
const retriesOf = (told: Told, step: string) =>
  count(told.events, (event) => event.kind === 'retry' && event.payload.step === step);

/** Everything that must hold for a run, however it was cut. */
function faultsOf(told: Told): string[] {
  const faults: string[] = [];
  const must = (holds: boolean, what: string) => void (holds || faults.push(what));
  must(told.status === 'finished', `it ended as ${told.status}: ${JSON.stringify(told.events.at(-2))}`);
  must(JSON.stringify(told.result) === JSON.stringify(whole.result), `its result is ${JSON.stringify(told.result)}`);
  const outcomes = comparableOutcomes(told);
  must(
    JSON.stringify(outcomes) === JSON.stringify(comparableOutcomes(whole)),
    `its outcomes are ${JSON.stringify(outcomes)}`,
  );
  must(
    told.events.every(({ seq }, at) => seq === at + 1),
    'its log has gaps',
  );
  for (const step of ['prepare', 'publish']) {
    const ran = told.effects.filter((line) => line === step).length;
    must(ran > 0 && ran <= retriesOf(told, step) + 1, `${step} ran ${ran} times, ${retriesOf(told, step)} are shown`);
  }
  for (const name of ['plan', 'budget', 'confirm']) {
    const asked = count(told.events, (event) => event.kind === 'lock' && event.payload.name === name);
    must(asked === 1, `${name} was asked ${asked} times`);
    const answered = told.events.filter((event) => event.kind === 'lease' && event.payload.name === name);
    must(answered.length === 1, `${name} was answered ${answered.length} times`);
  }
  for (const [request, words] of told.acknowledged) {
    const kept = told.events.some(
      (event) => event.kind === 'lease' && event.payload.request === request && event.payload.inputs?.words === words,
    );
    must(kept, `the answer "${words}" was acknowledged and is not there`);
  }
  return faults;
}

function killsOf(victim: Kill['victim'], moment: Kill['moment']): Kill[] {
  return whole.events.slice(0, -1).map(({ seq }) => ({ victim, moment, seq }));
}

describe('a run that is not cut', () => {
  it('does everything once', () => {
    expect(faultsOf(whole)).toEqual([]);
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
        const faults = faultsOf(told);
        if (victim === 'host' && told.hosts !== 2) faults.push(`it took ${told.hosts} hosts`);
        const { kind, payload } = whole.events[kill.seq - 1] ?? {};
        return faults.map((fault) => `killed at event ${kill.seq}, ${kind} ${JSON.stringify(payload)}: ${fault}`);
      });
      expect(problems).toEqual([]);
    }, 600_000);
  },
);
