import { createHash } from 'node:crypto';
import type { Event } from '@airlock/protocol/events';
import Docker from 'dockerode';
import { ofKind } from './api.ts';
import { isState } from './recall.ts';
import type { Setting } from './setting.ts';

export interface CrowdOptions {
  /** Conversations begun at once. */
  readonly count: number;
  /** Of those, how many are told something once all have been answered for the first time. */
  readonly replies: number;
  /** Called once the queue is seen at its longest. */
  readonly onQueued?: (executions: readonly string[]) => Promise<void>;
  /** How many have been answered so far. */
  readonly onServed?: (served: number) => void;
}

export interface Crowd {
  readonly executions: readonly string[];
  /** Their logs, in the order in which they were begun. */
  readonly events: readonly (readonly Event[])[];
  /** Most containers that ran at once, and most executions the API showed in the queue. */
  readonly mostContainers: number;
  readonly mostQueued: number;
  /** How far an execution got its container from its place in line, at most. */
  readonly mostDisplaced: number;
  readonly tookMs: number;
}

const engine = new Docker();
const everyMs = 200;
const patienceMs = 20 * 60_000;

/** Begins many conversations at once, answers each once all have answered for the first time, and ends them. */
export async function runCrowd({ api, host }: Setting, options: CrowdOptions): Promise<Crowd> {
  const label = [`airlock.home=${createHash('sha256').update(host.home).digest('hex').slice(0, 12)}`];
  const startedAt = performance.now();
  let [mostContainers, mostQueued] = [0, 0];
  let isOver = false;

  async function look(): Promise<void> {
    while (!isOver) {
      const running = await engine.listContainers({ filters: { label } });
      mostContainers = Math.max(mostContainers, running.length);
      await pause();
    }
  }

  async function list() {
    const { body } = await api.call('GET', '/executions?limit=100').catch(() => ({ body: { items: [] } }));
    const items = (body.items ?? []) as { id: string; status: string; awaiting: number; queue: number | null }[];
    mostQueued = Math.max(
      mostQueued,
      items.filter(({ status, queue }) => status === 'running' && queue !== null).length,
    );
    return items;
  }

  /** Resolves once each of these has asked people something for the `n`th time. */
  async function untilAsked(ids: readonly string[], n: number): Promise<Map<string, string>> {
    const asked = new Map<string, string>();
    while (asked.size < ids.length) {
      if (performance.now() - startedAt > patienceMs) throw new Error(`${asked.size} of ${ids.length} were served`);
      const open = new Set((await list()).filter(({ awaiting }) => awaiting > 0).map(({ id }) => id));
      for (const id of ids) {
        if (asked.has(id) || !open.has(id)) continue;
        const lock = (await api.events(id)).filter(ofKind('lock'))[n - 1];
        if (lock) asked.set(id, lock.payload.request);
      }
      options.onServed?.(asked.size);
      await pause();
    }
    return asked;
  }

  const looking = look();
  try {
    const executions: string[] = [];
    for (let n = 0; n < options.count; n += 1) {
      executions.push(await api.launch('claude-hitl', { prompt: `one of a crowd, number ${n}` }));
    }
    while (mostQueued === 0) await list();
    await options.onQueued?.(executions);
    const first = await untilAsked(executions, 1);
    const told = executions.slice(0, options.replies);
    for (const id of told) await api.answer(first.get(id) ?? '', { response: `again, number ${id}` });
    const last = new Map([...first, ...(await untilAsked(told, 2))]);
    for (const id of executions) await api.answer(last.get(id) ?? '', { response: 'done' });
    for (const id of executions) await api.until(id, isFinished);
    isOver = true;
    await looking;
    const events = await Promise.all(executions.map((id) => api.events(id)));
    const tookMs = performance.now() - startedAt;
    return { executions, events, mostContainers, mostQueued, mostDisplaced: displaced(events), tookMs };
  } finally {
    isOver = true;
    await looking;
  }
}

const isFinished = (event: Event) => event.kind === 'status' && event.payload.status === 'finished';

function displaced(logs: readonly (readonly Event[])[]): number {
  const readyAt = logs.map((events) => events.find(isState('ready'))?.at ?? '');
  const inOrder = readyAt.toSorted();
  return Math.max(...readyAt.map((at, place) => Math.abs(inOrder.indexOf(at) - place)));
}

async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, everyMs));
}
