import { AirlockError } from '@airlock/protocol/errors';
import type { Inside } from '@airlock/protocol/inside';
import type { Placement } from '../placement/placement.ts';
import type { Store } from '../store/store.ts';
import { isResting } from './replacement.ts';
import { findSession, type SessionRow, settingsOf } from './session-row.ts';

/*
 * Looks into containers that people have open beside their conversations.
 *
 * W31. However many look at a session, its container is looked into once at a time, and its workspace measured once in 10 s.
 */

interface InsideOptions {
  readonly store: Store;
  readonly placement: Pick<Placement, 'look' | 'workspaceBytes'>;
  readonly clock: () => Date;
  /** How many wait for room before a session; undefined when it does not wait. */
  readonly before: (session: string) => number | undefined;
}

const measuredMs = 10_000;
/** Containers whose workspaces were measured of late. */
const mostMeasured = 500;

interface Measured {
  at: number;
  bytes: number | null;
}

/** What the container of a session does now; in words, why there is none. Rejects with `not_found`. */
export function createInside({ store, placement, clock, before }: InsideOptions): (id: string) => Promise<Inside> {
  const looking = new Map<string, Promise<Inside>>();
  const measured = new Map<string, Measured>();

  /** Bytes in a workspace when they were last counted. The first count is waited for a moment, later ones are not. */
  async function workspaceBytes(container: string): Promise<number | null> {
    const now = clock().getTime();
    const known = measured.get(container);
    if (known && now - known.at < measuredMs) return known.bytes;
    const entry: Measured = { at: now, bytes: known?.bytes ?? null };
    measured.delete(container);
    measured.set(container, entry);
    for (const oldest of measured.keys()) if (measured.size > mostMeasured) measured.delete(oldest);
    const counting = placement.workspaceBytes(container).then(
      (bytes) => {
        entry.bytes = bytes;
      },
      () => undefined,
    );
    if (!known) await Promise.race([counting, new Promise((resolve) => setTimeout(resolve, 1_000).unref())]);
    return entry.bytes;
  }

  async function lookInto(row: SessionRow, container: string): Promise<Inside> {
    try {
      const [{ startedAt, cpu, memory, pids, ...seen }, bytes] = await Promise.all([
        placement.look(container),
        workspaceBytes(container),
      ]);
      const workspace = { bytes, limit: settingsOf(row).workspaceBytes };
      return { at: clock().toISOString(), why: null, container: { startedAt, cpu, memory, pids, workspace, ...seen } };
    } catch (thrown) {
      const now = await findSession(store, row.id);
      if (now && now.container !== container) return nothing(now);
      throw thrown;
    }
  }

  function nothing(row: SessionRow): Inside {
    return { at: clock().toISOString(), why: whyNothing(row, before(row.id)), container: null };
  }

  async function see(id: string): Promise<Inside> {
    const row = await findSession(store, id);
    if (!row) throw new AirlockError('not_found', `There is no session ${id}`);
    const { container } = row;
    const isOver = row.state === 'ended' || row.state === 'lost';
    return container === null || isOver ? nothing(row) : await lookInto(row, container);
  }

  return (id) => {
    const look = looking.get(id) ?? see(id).finally(() => looking.delete(id));
    looking.set(id, look);
    return look;
  };
}

/** Why a session has no container, in a sentence. */
export function whyNothing(row: SessionRow, before: number | undefined): string {
  if (row.state === 'hibernated') return 'It sleeps: it has no container until there is something to do';
  if (row.state === 'ended' || row.state === 'ending') return 'The conversation has ended, and its container is gone';
  if (row.state === 'lost') return 'The conversation is over: its container was lost';
  if (before !== undefined)
    return before === 0 ? 'It waits for room: it is next' : `It waits for room: ${before} before it`;
  // Another host has the line it waits in.
  if (row.queued_at !== null) return 'It waits for room';
  if (isResting(row)) return 'Its container was lost; it gets another when there is something to do';
  return 'Its container is being started';
}
