import type { Event } from '@airlock/protocol/events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Blow, type ContainerRuns, createContainerRuns } from './crash/container-runs.ts';
import { faultsOf, type Told } from './crash/faults.ts';

/* The service of the crash matrix, with real containers: killed at moments people would name. */

let runs: ContainerRuns;
let whole: Told;
beforeAll(async () => {
  runs = await createContainerRuns();
  whole = await runs.run(undefined, false);
});
afterAll(() => runs?.remove());

const isPrompt = (text: string) => (event: Event) => event.kind === 'prompt' && event.payload.text.includes(text);
const isSession = (state: string) => (event: Event) => event.kind === 'session' && event.payload.state === state;
const isLock = (name: string) => (event: Event) => event.kind === 'lock' && event.payload.name === name;
const isLease = (name: string) => (event: Event) => event.kind === 'lease' && event.payload.name === name;
const isKind = (kind: Event['kind']) => (event: Event) => event.kind === kind;

interface Boundary extends Blow {
  readonly name: string;
  /** Claude says something else when it is asked again. */
  readonly vary?: true;
}

const boundaries: readonly Boundary[] = [
  { name: 'launched', victims: ['host'], at: isKind('inputs') },
  { name: 'container starting', victims: ['host'], at: isSession('starting') },
  { name: 'session ready', victims: ['container'], at: isSession('ready') },
  { name: 'prompt said', victims: ['service'], at: isPrompt('the plan'), vary: true },
  { name: 'Claude answering', victims: ['container'], at: isPrompt('the plan'), moment: 'mid-answer', vary: true },
  { name: 'leave asked for', victims: ['container', 'host'], at: isKind('request'), vary: true },
  { name: 'leave given', victims: ['host'], at: isKind('answer') },
  { name: 'turn ended', victims: ['service'], at: isKind('turn') },
  { name: 'form shown', victims: ['host', 'container'], at: isLock('plan') },
  { name: 'form answered', victims: ['host'], at: isLease('plan') },
  { name: 'asleep', victims: ['service'], at: isLock('budget') },
  { name: 'race won', victims: ['host'], at: isLease('confirm') },
  { name: 'step to be retried', victims: ['service', 'host'], at: isKind('retry') },
  { name: 'second turn begun', victims: ['container'], at: isPrompt('the end'), vary: true },
];

describe('a run with a real container', () => {
  it('does everything once when nothing is lost', () => {
    expect(faultsOf(whole, whole)).toEqual([]);
    expect(whole.result).toMatchObject({ body: { said: ['The plan is made.', 'This is the end.'] } });
    expect(whole.effects).toEqual(['prepare', 'publish', 'publish']);
  });

  it.each(boundaries)('ends the same when it loses its $victims at: $name', async ({ vary = false, ...blow }) => {
    const told = await runs.run(blow, vary);
    expect(faultsOf(told, whole, vary)).toEqual([]);
  });
});
