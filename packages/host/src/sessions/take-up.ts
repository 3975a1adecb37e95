import type { Fence } from '../ownership/ownership.ts';
import type { Store } from '../store/store.ts';
import type { Links } from './links.ts';
import { isResting } from './replacement.ts';
import type { Room } from './room.ts';
import { isOfHost, type SessionRow, settingsOf } from './session-row.ts';
import type { StallWatch } from './stall-watch.ts';

interface TakeUpOptions {
  readonly store: Store;
  readonly fence: Fence;
  readonly room: Pick<Room, 'hold' | 'enter'>;
  readonly stalls: StallWatch;
  readonly links: Links;
  /** One of them is to end. */
  readonly onEnding: (session: string) => void;
}

/** Sessions in one of these states, of executions this host has. */
export async function rowsIn(
  { store, fence }: Pick<TakeUpOptions, 'store' | 'fence'>,
  states: readonly SessionRow['state'][],
): Promise<SessionRow[]> {
  return await store.db
    .selectFrom('sessions')
    .selectAll()
    .where('state', 'in', states)
    .where(isOfHost(fence))
    .orderBy('id')
    .execute();
}

/**
 * Takes up sessions another host had, or this one before a restart: first those that have containers have their room,
 * then those that wait for it get in line as they were (Q13), then all go on.
 */
export async function takeUp(rows: readonly SessionRow[], options: TakeUpOptions): Promise<void> {
  const { room, stalls, links, onEnding } = options;
  for (const row of rows) if (row.container !== null) await room.hold(row);
  const waiting = rows.filter((row) => row.container === null && row.state !== 'ending' && !isResting(row));
  for (const row of waiting.toSorted(byTime)) await room.enter(row);
  for (const row of rows) {
    if (row.turn_call !== null) stalls.begin(row.id, settingsOf(row).stallMs);
    links.connect(row.id);
    if (row.state === 'ending') onEnding(row.id);
  }
}

/** Those that had not asked yet come last. */
function byTime(a: SessionRow, b: SessionRow): number {
  if (a.queued_at === null || b.queued_at === null) return Number(a.queued_at === null) - Number(b.queued_at === null);
  return a.queued_at.localeCompare(b.queued_at);
}
