import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { AirlockError } from '@airlock/protocol/errors';
import { imagePaths } from '@airlock/protocol/image';
import { type Inside, mostProcesses, type Process } from '@airlock/protocol/inside';
import type { EngineClient } from '../engine/engine-client.ts';
import { engineStatus, toEngineError } from '../engine/engine-error.ts';
import { execStream } from './exec.ts';

/** What a container does, but for its workspace, which takes longer to measure. */
export type Look = Omit<NonNullable<Inside['container']>, 'workspace'>;

/** Run by itself, without a shell: in a container that is out of pids there is still room for one program. */
const ps = ['ps', '-ww', '--cols', '600', '-eo', 'pid=,rss=,cputimes=,etimes=,args='];
const cpuWindowMs = 500;
const patienceMs = 5_000;

/** Looks into a running container: at its counters by the engine, at its processes as its own user sees them. */
export async function look(client: EngineClient, containerId: string): Promise<Look> {
  const doing = 'Looking into the container';
  try {
    const container = client.getContainer(containerId);
    const { State, HostConfig } = await container.inspect();
    if (!State.Running) throw new AirlockError('container_lost', `${doing}: it has ended`);
    if (State.Paused) throw new AirlockError('container_lost', `${doing}: it stands still`);
    const before = await container.stats({ stream: false, 'one-shot': true });
    const [processes] = await Promise.all([listProcesses(client, containerId), pause(cpuWindowMs)]);
    const after = await container.stats({ stream: false, 'one-shot': true });
    const { NanoCpus = 0, Memory = 0, PidsLimit } = HostConfig;
    return {
      startedAt: new Date(State.StartedAt).toISOString(),
      cpu: { cores: coresBetween(before, after), limit: NanoCpus / 1e9 },
      memory: { bytes: memoryIn(after), limit: Memory },
      pids: { count: after.pids_stats?.current ?? processes.length, limit: PidsLimit ?? 0 },
      processes: processes.slice(0, mostProcesses),
      isCut: processes.length > mostProcesses,
    };
  } catch (thrown) {
    const status = engineStatus(thrown);
    throw toEngineError(thrown, doing, status === 404 || status === 409 ? 'container_lost' : 'container_failed');
  }
}

interface Sample {
  readonly read: string;
  readonly cpu_stats: { readonly cpu_usage: { readonly total_usage: number } };
  readonly memory_stats: { readonly usage: number; readonly stats?: object };
}

function coresBetween(before: Sample, after: Sample): number {
  const usedMs = (after.cpu_stats.cpu_usage.total_usage - before.cpu_stats.cpu_usage.total_usage) / 1e6;
  const passedMs = Date.parse(after.read) - Date.parse(before.read);
  return passedMs > 0 ? Math.max(0, Math.round((usedMs / passedMs) * 100) / 100) : 0;
}

/** Files the kernel could forget at once are not counted; both versions of its counters are known. */
function memoryIn({ memory_stats: { usage, stats = {} } }: Sample): number {
  const counted = stats as Readonly<Record<string, unknown>>;
  const idle = counted.total_inactive_file ?? counted.inactive_file;
  return Math.max(0, usage - (typeof idle === 'number' ? idle : 0));
}

async function listProcesses(client: EngineClient, containerId: string): Promise<Process[]> {
  const stream = await execStream({ client, containerId, command: ps, doing: 'Listing processes' });
  stream.end();
  const late = setTimeout(() => stream.destroy(new Error('it took too long')), patienceMs);
  try {
    return parseProcesses(await text(stream), Date.now());
  } finally {
    clearTimeout(late);
  }
}

/** What `ps` printed at `now`; the busiest first. It writes characters that would not be seen as `?`. */
export function parseProcesses(output: string, now: number): Process[] {
  const found = output.split('\n').flatMap((line): Process[] => {
    const fields = /^ *(\d+) +(\d+) +(\d+) +(\d+) (.*)$/.exec(line);
    if (!fields) return [];
    const [pid, kibibytes, cpuSeconds, age] = fields.slice(1, 5).map(Number) as [number, number, number, number];
    const command = (fields[5] ?? '').trim();
    if (command === ps.join(' ')) return [];
    const startedAt = new Date(now - age * 1000).toISOString();
    return [{ pid, name: nameOf(command), command, memoryBytes: kibibytes * 1024, cpuSeconds, startedAt }];
  });
  return found.sort((a, b) => b.cpuSeconds - a.cpuSeconds || b.memoryBytes - a.memoryBytes);
}

const ours: ReadonlyArray<readonly [string, string]> = [
  ['/app/bin/init ', 'init'],
  ['/app/bin/node --disable-sigusr1 /app/runner/', 'runner'],
  ['/app/bin/claude', 'claude'],
  [imagePaths.bridge, 'wire'],
];

function nameOf(command: string): string {
  const known = ours.find(([start]) => command.startsWith(start));
  if (known) return known[1];
  const [program = ''] = command.split(' ');
  return (program.split('/').at(-1) || program).slice(0, 40);
}
