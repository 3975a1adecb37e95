import type { SDKMessage } from '@anthropic-ai/claude-agent-sdk';
import { expect, it } from 'vitest';
import { createOpenCalls } from './open-calls.ts';

const message = (of: object) => of as SDKMessage;
const stream = (type: string, parent: string | null = null) =>
  message({ type: 'stream_event', event: { type }, parent_tool_use_id: parent });
const call = (id: string) => message({ type: 'assistant', message: { content: [{ type: 'tool_use', id }] } });
const result = (id: string) =>
  message({ type: 'user', message: { content: [{ type: 'tool_result', tool_use_id: id }] } });
const read = (state: string) => message({ type: 'command_lifecycle', command_uuid: 'p', state });
const tasks = (...ids: string[]) =>
  message({ type: 'system', subtype: 'background_tasks_changed', tasks: ids.map((task_id) => ({ task_id })) });

/** One message with one call, whole. */
const whole = [stream('message_start'), call('a'), stream('message_stop')];

it.each<[string, SDKMessage[], boolean]>([
  ['is the one call of a whole message', whole, true],
  ['is in a message that is not whole', whole.slice(0, 2), false],
  ['is not known', [stream('message_stop')], false],
  ['has a call beside it', [...whole, call('b')], false],
  ['had a call beside it that is done', [...whole, call('b'), result('b')], true],
  ['is done', [...whole, result('a')], false],
  ['runs beside something in the background', [tasks('t'), ...whole], false],
  ['ran beside something in the background', [tasks('t'), ...whole, tasks()], true],
  ['is in a message that is whole while one of a sub-agent is not', [...whole, stream('message_start', 'x')], true],
  ['is of a turn that is over', [...whole, message({ type: 'result' })], false],
])('H17. tells of a call that %s', (_, seen, isOnly) => {
  const calls = createOpenCalls();
  for (const each of seen) calls.see(each);
  expect(calls.isOnly('a')).toBe(isOnly);
});

it.each([
  ['has not heard of', [], false],
  ['has only queued', ['queued'], false],
  ['has begun to read', ['queued', 'started'], true],
  ['was stopped in', ['queued', 'cancelled'], true],
])('H17. waits for what the CLI %s', (_, states, isOnly) => {
  const calls = createOpenCalls();
  for (const each of whole) calls.see(each);
  calls.said('p');
  for (const state of states) calls.see(read(state));
  expect(calls.isOnly('a')).toBe(isOnly);
});

it('tells a result of a call from before', () => {
  const calls = createOpenCalls();
  calls.see(call('a'));
  expect(
    [result('a'), result('before'), message({ type: 'user', message: { content: 'word' } })].map(calls.see),
  ).toEqual([false, true, false]);
});
