import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '@airlock/host/log/log';
import { openStore } from '@airlock/host/store/store';
import type { Kill } from './channel.ts';
import type { Told } from './faults.ts';
import { type HostProcess, Refused, startHostProcess } from './host-process.ts';
import { outcomesOf } from './outcomes.ts';

/** A blow at a time instead of an event, in milliseconds after the launch. */
export interface TimedKill {
  readonly victim: Kill['victim'];
  readonly afterMs: number;
}

export interface CrashRunOptions {
  readonly kill?: Kill;
  readonly timed?: readonly TimedKill[];
  readonly vary?: boolean;
}

/** How many hosts it took. */
interface Hosts {
  readonly hosts: number;
}

/** Runs the service to its end, however often a host must be started again; a person answers whatever is asked. */
export async function crashRun({ kill, timed = [], vary = false }: CrashRunOptions): Promise<Told & Hosts> {
  const home = mkdtempSync(join(tmpdir(), 'airlock-crash-'));
  try {
    const acknowledged = new Map<string, string>();
    const effects = join(home, 'effects.txt');
    const ended = Promise.withResolvers<string>();
    let hosts = 0;
    let launched = false;

    /** A person: answers once, and again only when nobody said that the answer was taken. */
    async function answer(host: HostProcess, request: string, name: string): Promise<void> {
      if (acknowledged.has(request)) return;
      const words = `${name} by ada`;
      try {
        await host.answer(request, words);
        acknowledged.set(request, words);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        // The host died with it, or the one before had taken it, or its process is away for the moment.
        if (error.code === 'already_answered') acknowledged.set(request, words);
        else if (error.code === 'service_unavailable') await answer(host, request, name);
        else if (error.code !== 'gone') ended.reject(error);
      }
    }

    async function serve(): Promise<void> {
      hosts += 1;
      const first = hosts === 1;
      const host: HostProcess = startHostProcess(
        {
          home,
          vary,
          servicesDir: join(import.meta.dirname, 'services'),
          ...(first && kill !== undefined ? { kill } : {}),
        },
        {
          onAsked: ({ request, name }) => void answer(host, request, name),
          onEnded: ({ status }) => ended.resolve(status),
        },
      );
      const over = ended.promise.catch(() => undefined);
      await Promise.race([host.ready.catch(() => undefined), host.exited]);
      if (!launched) launched = await launch(host, effects);
      const blows = first ? timed.map((blow) => setTimeout(() => strike(host, blow), blow.afterMs)) : [];
      await Promise.race([over, host.exited]);
      for (const blow of blows) clearTimeout(blow);
      host.signal('SIGKILL');
      await host.exited;
    }

    let isOver = false;
    void ended.promise.then(
      () => {
        isOver = true;
      },
      () => {
        isOver = true;
      },
    );
    while (!isOver) await serve();
    const status = await ended.promise;
    return { status, acknowledged, hosts, ...(await readStore(home)), effects: linesOf(effects) };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Launches it; a launch the host did not live to acknowledge is sent again, and is the same one. */
async function launch(host: HostProcess, effects: string): Promise<boolean> {
  try {
    await host.launch({ effects }, 'the one');
    return true;
  } catch (error) {
    if (error instanceof Refused && error.code === 'gone') return false;
    throw error;
  }
}

function strike(host: HostProcess, { victim }: TimedKill): void {
  if (victim === 'host') host.signal('SIGKILL');
  else host.killService();
}

function linesOf(file: string): string[] {
  return readFileSync(file, 'utf8').trim().split('\n').sort();
}

async function readStore(home: string): Promise<Pick<Told, 'events' | 'result' | 'outcomes'>> {
  const store = await openStore(join(home, 'airlock.db'));
  try {
    const rows = await store.db.selectFrom('executions').selectAll().execute();
    const [row] = rows;
    if (!row || rows.length > 1) throw new Error(`There are ${rows.length} executions`);
    const events = await createLog(store, () => new Date()).read(row.id, 0, 10_000);
    const result = row.result === null ? null : JSON.parse(row.result);
    return { events, result, outcomes: await outcomesOf(store, row.id) };
  } finally {
    await store.close();
  }
}
