import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Event } from '@airlock/protocol/events';
import { ofKind } from '../test/harness/api.ts';
import { containerOf, pidOf } from '../test/harness/containers.ts';
import { createSetting } from '../test/harness/setting.ts';
import { clockTool } from './support/clock-tool.ts';
import { type Figure, printFigures, timed } from './support/figures.ts';

/*
 * From a SIGKILL until a viewer is told that the conversation lost its container, and what comes of it: `node
 * bench/losses.ts [conversations]`. Beside the moment at which the engine says that the container has ended, or the kernel that
 * the process has, of the same kill. Needs an engine on this machine.
 */

const conversations = Number(process.argv[2] ?? 4);
/** One more in a row before anything got done would end the conversation. */
const hitsEach = 2;
/** The viewer is there, and nothing else is going on. */
const pauseMs = 200;
const script = `
scenarios:
  - when: { toolResult: outcome is unknown }
    steps: [{ blocks: [{ tool_use: ${clockTool} }] }]
  - when: { contains: a tool to ask about }
    steps: [{ blocks: [{ tool_use: ${clockTool} }] }]
  - when: { contains: nothing to do }
    steps: [{ say: I wait. }]
`;
const setting = await createSetting(script);
const { api } = setting;

/** A shot that is ready: `dead` resolves once the engine or the kernel says that it hit. */
interface Shot {
  fire(): unknown;
  readonly dead: () => Promise<unknown>;
}

async function aimAtContainer(session: string): Promise<Shot> {
  const container = containerOf(session);
  const dead = container.wait();
  await container.inspect();
  return { fire: () => container.kill(), dead: () => dead };
}

const aimAt =
  (program: 'claude' | 'runner') =>
  async (session: string): Promise<Shot> => {
    const pid = await pidOf(session, program);
    return {
      fire: () => process.kill(pid, 'SIGKILL'),
      async dead() {
        while (existsSync(`/proc/${pid}`)) await delay(1);
      },
    };
  };

const isNews = (event: Event) =>
  event.kind === 'session' && (event.payload.state === 'resumed' || event.payload.state === 'resting');

/** What a conversation is doing when it is hit. */
interface Scene {
  readonly prompt: string;
  readonly isBegun: (event: Event) => boolean;
  /** Resolves when it does so again in its next container. */
  readonly again: (id: string, session: string, told: Event, container: string) => Promise<unknown>;
}

const asking: Scene = {
  prompt: 'a tool to ask about',
  isBegun: ofKind('request'),
  again: (id, _session, told) => api.until(id, ofKind('request'), told.seq),
};
const waiting: Scene = {
  prompt: 'nothing to do',
  isBegun: ofKind('lock'),
  again: (_id, session, _told, container) => untilRuns(session, container),
};

/** Resolves once another container than `other` runs for a session. */
async function untilRuns(session: string, other: string): Promise<void> {
  for (;;) {
    const found = await containerOf(session)
      .inspect()
      .catch(() => undefined);
    if (found?.State.Running && found.Id !== other) return;
    await delay(20);
  }
}

interface Samples {
  readonly told: number[];
  readonly dead: number[];
}

/** Hits new conversations, each again and again. Milliseconds from the shot. */
async function measure(scene: Scene, aim: (session: string) => Promise<Shot>): Promise<Samples> {
  const samples: Samples = { told: [], dead: [] };
  for (let n = 0; n < conversations; n += 1) {
    const id = await api.launch('claude-hitl', { prompt: scene.prompt });
    let { seq } = await api.until(id, scene.isBegun);
    const { session } = (await api.until(id, ofKind('prompt'))).payload;
    for (let hit = 1; hit <= hitsEach; hit += 1) {
      const { Id } = await containerOf(session).inspect();
      const shot = await aim(session);
      const told = api.until(id, isNews, seq);
      await delay(pauseMs);
      const [toldMs, deadMs] = await Promise.all([timed(() => told), timed(shot.dead), shot.fire()]);
      samples.told.push(toldMs);
      samples.dead.push(deadMs);
      const news = await told;
      seq = news.seq;
      if (hit < hitsEach) await scene.again(id, session, news, Id);
    }
    await api.call('DELETE', `/executions/${id}`);
  }
  return samples;
}

function figure(name: string, { told, dead }: Samples, teller: string): Figure {
  const value = Math.max(...told);
  const baseline = `${teller}: ${Math.max(...dead).toFixed(0)} ms`;
  return { name, value, unit: 'ms at most', baseline, wanted: '≤ 2,000 ms', isMet: value <= 2_000 };
}

try {
  printFigures([
    figure('lost container known, while it asks', await measure(asking, aimAtContainer), 'the engine'),
    figure('lost container known, while it waits', await measure(waiting, aimAtContainer), 'the engine'),
    figure('Claude killed known', await measure(asking, aimAt('claude')), 'the kernel'),
    figure('runner killed known', await measure(asking, aimAt('runner')), 'the kernel'),
  ]);
} finally {
  await setting.remove();
}
