import type { Event } from '@airlock/protocol/events';
import type { Id } from '@airlock/protocol/ids';
import { Failure, UsageFailure } from '../failure.ts';

/** The conversations of an execution, in the order they began. */
export function createSessions() {
  const all = new Map<Id, 'live' | 'over'>();
  let chosen: Id | undefined;
  const live = () => [...all].flatMap(([id, state]) => (state === 'live' ? [id] : []));

  return {
    take(event: Event): void {
      if (event.kind !== 'session') return;
      const { session, state } = event.payload;
      all.set(session, state === 'ended' || state === 'lost' ? 'over' : 'live');
    },
    live,
    choose(n: number): void {
      const id = [...all.keys()][n - 1];
      if (id === undefined) throw new UsageFailure('There is no such session', `S${n}`, `Use 1 to ${all.size}`);
      chosen = id;
    },
    /** The one that is meant when none is named. */
    target(): Id {
      const going = live();
      if (chosen !== undefined && going.includes(chosen)) return chosen;
      const [only] = going;
      if (only === undefined) {
        const detail = all.size === 0 ? 'it has no session yet' : 'its sessions have ended';
        throw new Failure(
          'There is no conversation to speak in',
          detail,
          'See `airlock attach`, or wait until it begins',
        );
      }
      if (going.length === 1) return only;
      throw new UsageFailure('Which conversation?', `several go on: ${going.join(', ')}`, 'Name one of these sessions');
    },
  };
}
export type Sessions = ReturnType<typeof createSessions>;
