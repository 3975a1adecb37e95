import { idSchema } from '@airlock/protocol/ids';
import { expect, it } from 'vitest';
import { activityOf } from './activity.ts';
import type { LiveBlock } from './timeline-item.ts';

const session = idSchema.parse('01890a5d-ac96-774b-bcce-b302099a8057');
const block: LiveBlock = { key: 'k', session, messageId: 'm', kind: 'message', text: 'hel' };
const wait = { kind: 'tool', text: 'Claude runs Bash' } as const;

it.each([
  ['running', [], wait, 'Claude runs Bash'],
  ['running', [], null, 'Working'],
  ['running', [block], wait, null],
  ['awaiting', [], wait, null],
  ['finished', [], wait, null],
  [null, [], wait, null],
] as const)('%s, with %j live and %j: %s', (status, live, waits, text) => {
  expect(activityOf({ status, live }, waits)).toBe(text);
});
