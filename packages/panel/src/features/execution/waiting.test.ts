import type { Assign } from '@airlock/protocol/assign';
import { idSchema } from '@airlock/protocol/ids';
import { expect, it } from 'vitest';
import { emptyTimeline, reduceTimeline } from './timeline.ts';
import { waitsFor } from './waiting.ts';

const request = idSchema.parse('01890a5d-ac96-774b-bcce-b302099a8057');
const at = '2026-01-01T00:00:00.000Z';
const ada = { name: 'ada', role: 'member' } as const;
const root = { name: 'root', role: 'admin' } as const;

function awaiting(assign?: Assign) {
  const lock = { request, name: 'a', elements: [], ...(assign && { assign }) };
  const opened = reduceTimeline(emptyTimeline, { type: 'event', event: { seq: 1, at, kind: 'lock', payload: lock } });
  return reduceTimeline(opened, {
    type: 'event',
    event: { seq: 2, at, kind: 'status', payload: { status: 'awaiting' } },
  });
}

it.each([
  [undefined, ada, 'ada', 'me'],
  [undefined, ada, 'bob', 'others'],
  [{ users: ['ada'] }, ada, 'bob', 'me'],
  [{ users: ['bob'] }, ada, 'ada', 'others'],
  [{ users: ['bob'] }, root, 'ada', 'me'],
] as const)('a request assigned to %j, seen by %j, of %s, waits for %s', (assign, user, owner, expected) => {
  const timeline = awaiting(assign && { users: [...assign.users] });
  expect(waitsFor(timeline, user, owner)).toBe(expected);
});

it('waits for nobody while it runs', () => {
  expect(waitsFor({ ...awaiting(), status: 'running' }, ada, 'ada')).toBe('nobody');
});
