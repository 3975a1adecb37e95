import { AirlockError } from '@airlock/protocol/errors';
import type { Fence } from '../ownership/ownership.ts';
import type { Placement } from '../placement/placement.ts';
import type { Store } from '../store/store.ts';
import type { Need } from './admission.ts';
import type { LinkDeps } from './link.ts';
import type { Links } from './links.ts';
import type { Losses } from './losses.ts';
import { needOf, type Room } from './room.ts';
import { isOfHost, type SessionRow, settingsOf } from './session-row.ts';
import { fallAsleep } from './sleep.ts';

interface SleeperOptions {
  readonly store: Store;
  readonly placement: Placement;
  readonly fence: Fence;
  readonly clock: () => Date;
  readonly losses: Losses;
  readonly logger: LinkDeps['log'];
  readonly links: Links;
  readonly room: Pick<Room, 'lacking' | 'waitingFor'>;
}

/** One that has had nothing to do for this long gives up its room when others wait for it. */
const crowdedMs = 2_000;

/** Puts sessions of this host to sleep that have had nothing to do for their time, and sees to it that they are. */
export function createSleeper(options: SleeperOptions): () => Promise<void> {
  const { store, placement, fence, clock, losses, logger, links, room } = options;
  const forcing = new Set<string>();

  /** Those with a container, longest idle first. */
  async function idle(states: SessionRow['state'][]): Promise<SessionRow[]> {
    return await store.db
      .selectFrom('sessions')
      .selectAll()
      .where('idle_at', 'is not', null)
      .where('container', 'is not', null)
      .where('state', 'in', states)
      .where(isOfHost(fence))
      .orderBy('idle_at')
      .execute();
  }

  async function tellToEnd({ id, idle_at: idleAt }: SessionRow): Promise<boolean> {
    if (idleAt === null) return false;
    const told = await store.write((tx) => fallAsleep(tx, { id, idleAt }, { fence, now: clock() }));
    if (told) links.pump(id);
    return told;
  }

  /** One that was told to end and is not heard of any more: its container is removed as it is. */
  async function force({ id, container }: SessionRow): Promise<void> {
    if (container === null) return;
    // An engine that does not answer now could not remove it either.
    await placement.inspect(container);
    await links.disconnect(id);
    const problem = new AirlockError('container_lost', 'It did not end when it was told to');
    if ((await losses.asleep(id, container, problem)) === 'replaced') links.connect(id);
  }

  function forceOnce(row: SessionRow): void {
    if (forcing.has(row.id)) return;
    forcing.add(row.id);
    void force(row)
      .catch((error: unknown) => logger.warn({ session: row.id, error }, 'A session does not fall asleep'))
      .finally(() => forcing.delete(row.id));
  }

  return async function look(): Promise<void> {
    const falling = await idle(['hibernating']);
    let lacking = room.lacking();
    const freed = new Map<string, number>();
    const free = (row: SessionRow) => {
      lacking = lacking && less(lacking, needOf(row));
      const share = room.waitingFor(row.id);
      if (share) freed.set(share.service, (freed.get(share.service) ?? 0) + 1);
    };
    const isWanted = (row: SessionRow) => {
      const share = room.waitingFor(row.id);
      return lacks(lacking) || (share !== undefined && share.count > (freed.get(share.service) ?? 0));
    };
    falling.forEach(free);
    for (const row of await idle(['starting', 'live'])) {
      const { hibernateMs } = settingsOf(row);
      const time = isWanted(row) ? Math.min(hibernateMs, crowdedMs) : hibernateMs;
      if (hibernateMs > 0 && idleFor(row, clock()) >= time && (await tellToEnd(row))) free(row);
    }
    for (const row of falling) if (idleFor(row, clock()) >= settingsOf(row).stallMs) forceOnce(row);
  };
}

function less(a: Need, b: Need): Need {
  return { cpus: a.cpus - b.cpus, memoryBytes: a.memoryBytes - b.memoryBytes };
}

function lacks(need: Need | undefined): boolean {
  return need !== undefined && (need.cpus > 0 || need.memoryBytes > 0);
}

function idleFor({ idle_at }: SessionRow, now: Date): number {
  return idle_at === null ? 0 : now.getTime() - Date.parse(idle_at);
}
