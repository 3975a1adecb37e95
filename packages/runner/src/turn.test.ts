import type { SDKResultMessage } from '@anthropic-ai/claude-agent-sdk';
import { expect, it } from 'vitest';
import { createTurnReader } from './turn.ts';

const since = '2030-01-01T00:00:00.000Z';
const now = () => Date.parse(since) + 60_000;
const result = (more: object = {}) =>
  ({
    type: 'result',
    subtype: 'success',
    is_error: false,
    result: 'Done',
    duration_ms: 5,
    modelUsage: {},
    ...more,
  }) as SDKResultMessage;

it('takes the first end for that of the turn that was put off, with all its time', () => {
  const read = createTurnReader({ prompt: 'p', since }, now);
  const word = { user_message_uuid: 'w', user_message_uuids: ['w'] };
  expect(read(result(word))).toMatchObject({ prompt: 'p', prompts: ['p', 'w'], durationMs: 60_000 });
  expect(read(result(word))).toMatchObject({ prompt: 'w', prompts: ['w'], durationMs: 5 });
});

it('takes it for the time it took when no more is known', () => {
  expect(createTurnReader({ prompt: 'p' }, now)(result())).toMatchObject({ prompt: 'p', durationMs: 5 });
});

it('takes it for the end of none when nobody waits for that turn', () => {
  const read = createTurnReader({}, now);
  expect(read(result())).toMatchObject({ byItself: true });
  expect(read(result({ user_message_uuid: 'w' }))).not.toHaveProperty('byItself');
});
