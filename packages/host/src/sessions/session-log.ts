import { AirlockError } from '@airlock/protocol/errors';
import { eventPayloads } from '@airlock/protocol/events';
import type { SessionLog } from '@airlock/protocol/inside';
import type { Placement } from '../placement/placement.ts';
import { fromJson } from '../store/json.ts';
import type { Store } from '../store/store.ts';
import { whyNothing } from './inside.ts';
import { findSession } from './session-row.ts';

interface SessionLogOptions {
  readonly store: Store;
  readonly placement: Pick<Placement, 'log'>;
  readonly before: (session: string) => number | undefined;
}

const ends: ReadonlySet<string> = new Set(['resumed', 'resting', 'lost']);
const mostEnds = 10;

/** What was printed in the container a session has, and how those before it ended. Rejects with `not_found`. */
export async function readSessionLog(options: SessionLogOptions, id: string, tail: number): Promise<SessionLog> {
  const { store, placement } = options;
  const row = await findSession(store, id);
  if (!row) throw new AirlockError('not_found', `There is no session ${id}`);
  const earlier = await readEnds(store, row.execution, id);
  if (row.container === null) return { why: whyNothing(row, options.before(id)), lines: [], earlier };
  const lines = await placement.log(row.container, tail);
  return { why: lines.length === 0 ? 'Nothing was printed' : null, lines, earlier };
}

/** What people were told when containers of the session were lost. */
async function readEnds(store: Store, execution: string, session: string): Promise<SessionLog['earlier']> {
  const rows = await store.db
    .selectFrom('events')
    .select(['seq', 'at', 'payload'])
    .where('execution', '=', execution)
    .where('kind', '=', 'session')
    .orderBy('seq', 'desc')
    .limit(500)
    .execute();
  const told = rows
    .reverse()
    .map(({ seq, at, payload }) => ({ at, ...fromJson(eventPayloads.session, payload, `Event ${seq}`) }))
    .filter((event) => event.session === session);
  // One that wakes has lost nothing.
  const lost = told.filter(({ state }, n) => ends.has(state) && told[n - 1]?.state !== 'hibernated');
  return lost.flatMap(({ at, detail }) => (detail === undefined ? [] : [{ at, text: detail }])).slice(-mostEnds);
}
