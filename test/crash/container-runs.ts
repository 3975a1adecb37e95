import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '@airlock/host/store/store';
import type { Event } from '@airlock/protocol/events';
import { containerOf } from '../harness/containers.ts';
import { createSetting } from '../harness/setting.ts';
import type { Told } from './faults.ts';
import { killChildren } from './kill-children.ts';
import { outcomesOf } from './outcomes.ts';
import { startPerson } from './person.ts';

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

export type Victim = 'host' | 'service' | 'container';

export interface Blow {
  readonly victims: readonly Victim[];
  /** The event that makes the moment. */
  readonly at: (event: Event) => boolean;
  /** The moment comes later than the event: when the model has begun to answer, or so many milliseconds after it. */
  readonly moment?: 'mid-answer' | { readonly afterMs: number };
}

/** Runs of the service `matrix` on a real host with real containers. */
export async function createContainerRuns() {
  const dir = mkdtempSync(join(tmpdir(), 'airlock-crash-containers-'));
  const services = join(import.meta.dirname, 'services');
  const setting = await createSetting(script, { env: { AIRLOCK_SERVICES: services } });
  const { api, host, sim } = setting;
  let runs = 0;

  const strike: Record<Victim, (session: string | undefined) => Promise<void>> = {
    host: async () => {
      await host.kill();
      await host.start();
    },
    service: () => Promise.resolve(killChildren(host.pid, 'matrix')),
    // One that does not run just now has been lost already.
    container: async (session) =>
      void (await containerOf(session ?? '')
        .kill()
        .catch(() => undefined)),
  };

  async function tell(id: string, effects: string, acknowledged: Told['acknowledged']): Promise<Told> {
    const { status, result } = await api.execution(id);
    const store = await openStore(join(host.home, 'airlock.db'));
    const outcomes = await outcomesOf(store, id).finally(() => store.close());
    const lines = readFileSync(effects, 'utf8').trim().split('\n').sort();
    return { status, result, outcomes, acknowledged, events: await api.events(id), effects: lines };
  }

  return {
    /** Runs it to its end, with a blow in it; Claude says something else when asked again if it may `vary`. */
    async run(blow: Blow | undefined, vary: boolean): Promise<Told> {
      runs += 1;
      const effects = join(dir, `${runs}.txt`);
      sim.control.reset();
      sim.control.setVary({ enabled: vary, mode: 'reword' });
      const isGated = blow?.moment === 'mid-answer';
      if (!isGated) sim.control.gates.release('mid-answer', { stay: true });
      const id = await api.launch('matrix', { effects });
      const person = startPerson(setting, id);
      if (blow) {
        const { session } = await person.until(blow.at);
        if (isGated) await sim.control.gates.arrival('mid-answer');
        if (typeof blow.moment === 'object') await passed(blow.moment.afterMs);
        for (const victim of blow.victims) await strike[victim](session);
        sim.control.gates.release('mid-answer', { stay: true });
      }
      await person.ended;
      const told = await tell(id, effects, person.acknowledged);
      await api.call('DELETE', `/executions/${id}`);
      return told;
    },
    async remove(): Promise<void> {
      await setting.remove();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export type ContainerRuns = Awaited<ReturnType<typeof createContainerRuns>>;

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
