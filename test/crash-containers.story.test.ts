import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Execution } from '@airlock/protocol/api';
import type { Event } from '@airlock/protocol/events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Person, startPerson } from './crash/person.ts';
import { containerOf } from './harness/containers.ts';
import { createSetting, type Setting } from './harness/setting.ts';

/* The service of the crash matrix, with real containers: killed at twelve moments people would name. */

const ask = `{ tool_use: { name: Bash, input: { command: "python3 -c \\"print('ran', file=open('/workspace/ran.txt', 'a'))\\"" } } }`;
const script = `
scenarios:
  - when: { toolResult: outcome is unknown }
    steps: [{ blocks: [${ask}] }]
  - when: { contains: the plan }
    steps:
      - blocks: [{ text: "I think about the plan for a while.", gate: { name: mid-answer, piece: 2 } }, ${ask}]
      - say: The plan is made.
      - say: The plan is made.
  - when: { contains: the end }
    steps: [{ say: This is the end. }]
`;

let setting: Setting;
let dir: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'airlock-crash-containers-'));
  setting = await createSetting(script, { env: { AIRLOCK_SERVICES: join(import.meta.dirname, 'crash/services') } });
});
afterAll(async () => {
  await setting?.remove();
  rmSync(dir, { recursive: true, force: true });
});

type Victim = 'host' | 'service' | 'container';

const strike: Record<Victim, (session: string | undefined) => Promise<void>> = {
  host: async () => {
    await setting.host.kill();
    await setting.host.start();
  },
  service: async () => {
    const pids = execFileSync('pgrep', ['-P', String(setting.host.pid), '-f', 'matrix'], { encoding: 'utf8' });
    for (const pid of pids.trim().split('\n')) process.kill(Number(pid), 'SIGKILL');
  },
  container: async (session) => await containerOf(session ?? '').kill(),
};

const isPrompt = (text: string) => (event: Event) => event.kind === 'prompt' && event.payload.text.includes(text);
const isSession = (state: string) => (event: Event) => event.kind === 'session' && event.payload.state === state;
const isLock = (name: string) => (event: Event) => event.kind === 'lock' && event.payload.name === name;
const isLease = (name: string) => (event: Event) => event.kind === 'lease' && event.payload.name === name;
const isKind = (kind: Event['kind']) => (event: Event) => event.kind === kind;

interface Boundary {
  readonly name: string;
  readonly victims: readonly Victim[];
  /** The event that makes the moment. */
  readonly at: (event: Event) => boolean;
  /** The moment is the model's instead: it has begun to answer. */
  readonly gate?: string;
  readonly vary?: boolean;
}

const boundaries: readonly Boundary[] = [
  { name: 'launched', victims: ['host'], at: isKind('inputs') },
  { name: 'container starting', victims: ['host'], at: isSession('starting') },
  { name: 'session ready', victims: ['container'], at: isSession('ready') },
  { name: 'prompt said', victims: ['service'], at: isPrompt('the plan'), vary: true },
  { name: 'Claude answering', victims: ['container'], at: isPrompt('the plan'), gate: 'mid-answer', vary: true },
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

const effectsOf = (name: string) => join(dir, `${name.replaceAll(' ', '-')}.txt`);

async function run({
  name,
  victims,
  at,
  gate,
  vary = false,
}: Boundary): Promise<{ person: Person; execution: Execution }> {
  const { api, sim } = setting;
  sim.control.reset();
  sim.control.setVary({ enabled: vary, mode: 'reword' });
  if (gate === undefined) sim.control.gates.release('mid-answer', { stay: true });
  const id = await api.launch('matrix', { effects: effectsOf(name) });
  const person = startPerson(setting, id);
  const { session } = await person.until(at);
  if (gate !== undefined) await sim.control.gates.arrival(gate);
  for (const victim of victims) await strike[victim](session);
  sim.control.gates.release('mid-answer', { stay: true });
  await person.ended;
  return { person, execution: await api.execution(id) };
}

/** What must hold however it was cut; the steps that ran again are counted apart. */
async function check(name: string, { person, execution }: Awaited<ReturnType<typeof run>>, isVaried: boolean) {
  const { api } = setting;
  const events = await api.events(execution.id);
  expect(execution.status, JSON.stringify(events.slice(-3))).toBe('finished');
  expect(execution.result).toMatchObject({
    body: {
      plan: 'plan by ada',
      prepared: 'prepared plan by ada',
      budget: 'budget by ada',
      confirmed: 'confirm by ada',
      published: 'published for budget by ada',
      ...(isVaried ? {} : { said: ['The plan is made.', 'This is the end.'] }),
    },
  });
  for (const lock of ['plan', 'budget', 'confirm']) {
    expect(events.filter(isLock(lock)), lock).toHaveLength(1);
    expect(events.filter(isLease(lock)), lock).toHaveLength(1);
  }
  expect(events.filter(isKind('prompt'))).toHaveLength(2);
  expect(events.filter(isKind('turn'))).toHaveLength(2);
  const effects = readFileSync(effectsOf(name), 'utf8').trim().split('\n');
  for (const step of ['prepare', 'publish']) {
    const retries = events.filter((event) => event.kind === 'retry' && event.payload.step === step).length;
    expect(effects.filter((line) => line === step).length, step).toBeLessThanOrEqual(retries + 1);
  }
  for (const request of person.acknowledged) {
    const ends = events.filter(
      (event) => (event.kind === 'lease' || event.kind === 'answer') && event.payload.request === request,
    );
    expect(ends.map(({ payload }) => payload)).toMatchObject([{ outcome: 'answered' }]);
  }
}

describe('a run with a real container', () => {
  it.each(boundaries)('ends the same when it loses its $victims at: $name', async (boundary) => {
    const told = await run(boundary);
    await check(boundary.name, told, boundary.vary === true);
    await setting.api.call('DELETE', `/executions/${told.execution.id}`);
  });
});
