import type { User } from '@airlock/protocol/api';
import { mayAnswer } from '@airlock/protocol/assign';
import type { Timeline } from './timeline.ts';

/** Whom an execution waits for, seen by one person; `nobody` while it goes on by itself. */
export type WaitsFor = 'nobody' | 'me' | 'others';

export function waitsFor({ status, items }: Timeline, me: User, owner: string): WaitsFor {
  if (status !== 'awaiting') return 'nobody';
  const open = items.filter((item) => item.kind === 'request' && item.ending === null);
  const mine = open.some((item) => item.kind === 'request' && mayAnswer(item.assign ?? undefined, me, owner));
  // A log that is still being read has not shown the request yet.
  return mine || open.length === 0 ? 'me' : 'others';
}
