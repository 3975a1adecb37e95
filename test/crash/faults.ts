import type { Event } from '@airlock/protocol/events';
import type { Outcome } from '@airlock/protocol/service-channel';

/** What is left of a run of the service `matrix`. */
export interface Told {
  readonly status: string;
  readonly events: readonly Event[];
  readonly result: unknown;
  /** Outcomes by key, those of output left out. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /** Lines the steps left. */
  readonly effects: readonly string[];
  /** Answers that were acknowledged, by request; what was said to forms. */
  readonly acknowledged: ReadonlyMap<string, string | undefined>;
}

/** An outcome without what differs from run to run: ids, times, and how often a turn was asked for. */
function comparable(key: string, outcome: Outcome, isReworded: boolean): string {
  if (!outcome.ok) return `${key} ${outcome.error.code}`;
  if (key.includes('/session_open/')) return `${key} ok`;
  if (!key.includes('/session_send/')) return `${key} ${JSON.stringify(outcome.value)}`;
  return isReworded ? `${key} ok` : `${key} ${textOf(outcome.value).split(' (asked')[0]}`;
}

function textOf(turn: unknown): string {
  return typeof turn === 'object' && turn !== null && 'text' in turn ? String(turn.text) : '';
}

function comparableOutcomes({ outcomes }: Told, isReworded: boolean): string {
  return [...outcomes]
    .map(([key, outcome]) => comparable(key, outcome, isReworded))
    .sort()
    .join('\n');
}

/** What the run came to, without what Claude said when that may differ. */
function comparableResult({ result }: Told, isReworded: boolean): string {
  return JSON.stringify(result, (key, value) => (isReworded && key === 'said' ? undefined : value));
}

const count = (events: readonly Event[], fits: (event: Event) => boolean) => events.filter(fits).length;

/**
 * What of a run, however it was cut, is not as in the one that was not. `isReworded`: Claude may have said something else
 * when it was asked again.
 */
export function faultsOf(told: Told, whole: Told, isReworded = false): string[] {
  const faults: string[] = [];
  const must = (holds: boolean, what: string) => void (holds || faults.push(what));
  must(told.status === 'finished', `it ended as ${told.status}: ${JSON.stringify(told.events.at(-2))}`);
  const result = comparableResult(told, isReworded);
  must(result === comparableResult(whole, isReworded), `its result is ${result}`);
  const outcomes = comparableOutcomes(told, isReworded);
  must(outcomes === comparableOutcomes(whole, isReworded), `its outcomes are ${outcomes}`);
  must(
    told.events.every(({ seq }, at) => seq === at + 1),
    'its log has gaps',
  );
  for (const step of ['prepare', 'publish']) {
    const ran = told.effects.filter((line) => line === step).length;
    const retries = count(told.events, (event) => event.kind === 'retry' && event.payload.step === step);
    must(ran > 0 && ran <= retries + 1, `${step} ran ${ran} times, ${retries} retries are shown`);
  }
  for (const name of ['plan', 'budget', 'confirm']) {
    const asked = count(told.events, (event) => event.kind === 'lock' && event.payload.name === name);
    must(asked === 1, `${name} was asked ${asked} times`);
    const answered = count(told.events, (event) => event.kind === 'lease' && event.payload.name === name);
    must(answered === 1, `${name} was answered ${answered} times`);
  }
  const prompts = count(told.events, (event) => event.kind === 'prompt');
  must(prompts === 2, `Claude was told ${prompts} things`);
  for (const [request, words] of told.acknowledged) {
    const isKept = told.events.some(
      (event) =>
        (event.kind === 'lease' || event.kind === 'answer') &&
        event.payload.request === request &&
        event.payload.outcome === 'answered' &&
        event.payload.inputs?.words === words,
    );
    must(isKept, `the answer "${words}" was acknowledged and is not there`);
  }
  return faults;
}
