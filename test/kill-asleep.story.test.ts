import { join } from 'node:path';
import type { Event } from '@airlock/protocol/events';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ofKind } from './harness/api.ts';
import { containerOf, killIn, pidOf, untilRemoved, untilReplaced } from './harness/containers.ts';
import { createEngineProxy, type EngineProxy } from './harness/engine-proxy.ts';
import { root } from './harness/host.ts';
import {
  askWhich,
  type Begun,
  begin,
  idOf,
  isState,
  recall,
  recallScenarios,
  seeRecalled,
  textsOf,
} from './harness/recall.ts';
import { createServices } from './harness/services.ts';
import { createSetting, type Setting } from './harness/setting.ts';
import { untilSpares } from './harness/spares.ts';
import { untilStored } from './harness/stored.ts';

/* Everything a conversation runs on, killed before it has begun, while it falls asleep, while it sleeps and while it wakes. */

const script = `
scenarios:${recallScenarios}  - when: { contains: nothing special }
    steps: [{ say: Nothing special was done. }]
`;

const services = createServices({
  'claude-hitl': `import { claudeHitl } from '${join(root, 'services/claude-hitl/service.ts')}';
export default claudeHitl({ hibernateMs: 1500 });`,
});

const docker = new Docker();
let engine: EngineProxy;
let setting: Setting;

async function open(env: Record<string, string>): Promise<void> {
  engine = await createEngineProxy();
  setting = await createSetting(script, { env: { DOCKER_HOST: engine.dockerHost, ...env } });
}

async function close(): Promise<void> {
  await engine?.start();
  await setting?.remove();
  await engine?.remove();
}

afterAll(() => services.remove());

/** What may be gone by itself just before it is killed. */
async function unlessGone(killing: Promise<unknown>): Promise<void> {
  await killing.catch((error: { statusCode?: number }) => expect([404, 409, 500]).toContain(error.statusCode));
}

type Killer = (container?: Docker.Container) => Promise<unknown>;

const inContainer: Record<string, Killer> = {
  CLI: async (container) => container && (await killIn(container, 'claude')),
  runner: async (container) => container && (await killIn(container, 'runner')),
  container: async (container) => await container?.remove({ force: true }),
};

const around: Record<string, Killer> = {
  async 'engine with its containers'(container) {
    await engine.stop();
    await container?.kill().catch(() => undefined);
    await engine.start();
  },
  async 'engine alone'() {
    await engine.stop();
    await engine.start();
  },
  async host() {
    await setting.host.kill();
    await setting.host.start();
  },
};

const killers = { ...inContainer, ...around };

function casesOf(victims: Record<string, Killer>) {
  return Object.keys(victims).flatMap((victim) => [false, true].map((vary) => ({ victim, vary })));
}

const kill = async (victim: string, container?: Docker.Container) =>
  await unlessGone(killers[victim]?.(container) ?? Promise.resolve());

describe('a session that waits for a person goes on as if nothing had been', () => {
  beforeAll(() => open({ AIRLOCK_SERVICES: services.dir }));
  afterAll(close);

  async function beginToWait(vary: boolean): Promise<Begun & { lock: number }> {
    setting.sim.control.setVary({ enabled: vary });
    const begun = await begin(setting, 'nothing special');
    const { seq } = await setting.api.until(begun.id, ofKind('lock'), begun.at);
    return { ...begun, lock: seq };
  }

  async function untilAsleep({ id, session, lock }: { id: string; session: string; lock: number }): Promise<void> {
    await setting.api.until(id, isState('hibernated'), lock);
    await untilRemoved(session);
  }

  /** It is all remembered, and nobody was told of a loss: nothing was. */
  async function check(begun: Begun, events: Promise<Event[]>): Promise<void> {
    const found = await events;
    expect(found.filter(isState('lost'))).toEqual([]);
    expect(found.filter(isState('resumed')).length).toBeGreaterThan(0);
    expect(textsOf(found)).toContain('Nothing special was done.');
    await untilRemoved(begun.session);
  }

  const rest = async () => undefined;

  it.each(casesOf(killers))('falling asleep, the $victim killed (model varies: $vary)', async ({ victim, vary }) => {
    const begun = await beginToWait(vary);
    await untilStored(setting.host.home, begun.session, 'hibernating');
    await kill(victim, containerOf(begun.session));
    await untilAsleep(begun);
    await check(begun, recall(setting, begun, rest));
  });

  it.each(casesOf(around))('as it falls asleep for good, the $victim killed (model varies: $vary)', async (of) => {
    const begun = await beginToWait(of.vary);
    await untilStored(setting.host.home, begun.session, 'hibernated');
    await kill(of.victim, containerOf(begun.session));
    await untilAsleep(begun);
    await check(begun, recall(setting, begun, rest));
  });

  it.each(casesOf(around))('asleep, the $victim killed (model varies: $vary)', async ({ victim, vary }) => {
    const begun = await beginToWait(vary);
    await untilAsleep(begun);
    await kill(victim);
    await check(begun, recall(setting, begun, rest));
  });

  it.each(casesOf(killers))('waking, the $victim killed (model varies: $vary)', async ({ victim, vary }) => {
    const begun = await beginToWait(vary);
    await untilAsleep(begun);
    const asked = await askWhich(setting, begun);
    await setting.api.until(begun.id, isState('resumed'), begun.lock);
    if (victim !== 'host') {
      await untilReplaced(begun.session, begun.container);
      await vi.waitFor(() => pidOf(begun.session, 'claude'), { interval: 10, timeout: 10_000 });
    }
    await kill(victim, containerOf(begun.session));
    await check(begun, seeRecalled(setting, begun, asked, rest));
  });

  it('asleep, its engine away when the answer comes: it is told, and goes on when the engine is back', async () => {
    const begun = await beginToWait(false);
    await untilAsleep(begun);
    await engine.stop();
    const asked = await askWhich(setting, begun);
    const told = await setting.api.until(begun.id, isState('unreachable'), begun.lock);
    expect(told.payload).toMatchObject({ detail: expect.stringContaining('engine does not answer') });
    await engine.start();
    await check(begun, seeRecalled(setting, begun, asked, rest));
  });
});

describe('a container started ahead of time, and with it the next conversation', () => {
  beforeAll(() => open({ AIRLOCK_WARM: '1' }));
  afterAll(close);

  it.each(casesOf(killers))('the $victim killed (model varies: $vary)', async ({ victim, vary }) => {
    setting.sim.control.setVary({ enabled: vary });
    const first = await begin(setting, 'nothing special');
    await setting.api.until(first.id, ofKind('lock'), first.at);
    const [spare = ''] = await untilSpares(setting, 1);
    await kill(victim, docker.getContainer(`airlock-warm-${spare}`));
    const second = await begin(setting, 'nothing special');
    // A host that starts removes what it finds and begins anew.
    if (victim !== 'host') expect(second.session).toBe(spare);
    for (const begun of [first, second]) {
      const events = await recall(setting, begun, async () => void (await idOf(begun.session)));
      expect(textsOf(events)).toContain('Nothing special was done.');
    }
  });
});
