import { AirlockError } from '@airlock/protocol/errors';
import type { Inbox } from '../inbox/inbox.ts';
import type { Store } from '../store/store.ts';
import type { Room } from './room.ts';
import { findSession } from './session-row.ts';
import type { StallWatch } from './stall-watch.ts';

interface StallCheckOptions {
  readonly store: Store;
  readonly inbox: Inbox;
  readonly stalls: StallWatch;
  readonly room: Pick<Room, 'before'>;
  readonly isFilling: (session: string) => boolean;
  readonly fail: (session: string, problem: AirlockError) => Promise<void>;
}

/** Ends turns in which nothing has happened for too long, unless they wait for a person, for room or for a cache. */
export function createStallCheck({
  store,
  inbox,
  stalls,
  room,
  isFilling,
  fail,
}: StallCheckOptions): () => Promise<void> {
  async function waits(id: string): Promise<boolean> {
    if (room.before(id) !== undefined || isFilling(id)) return true;
    const row = await findSession(store, id);
    return row !== undefined && (await inbox.listOpen({ execution: row.execution, limit: 1 })).length > 0;
  }

  return async () => {
    for (const id of stalls.due()) {
      if (await waits(id)) stalls.touch(id);
      else await fail(id, new AirlockError('claude_stalled', 'Neither the model nor a tool did anything'));
    }
  };
}
