import { eventPayloads } from '@airlock/protocol/events';
import { expect, test } from 'vitest';
import { renderEvent } from './render-event.ts';

const terminal = { isTerminal: false, out() {}, err() {} };
const session = '019a0000-0000-7000-8000-000000000003';
const at = '2026-01-02T03:04:05.000Z';

function render(kind: string, payload: unknown): string {
  return renderEvent(terminal, { seq: 1, at, kind, payload }).slice('03:04:05 '.length);
}

test('shows an error with what to do', () => {
  const error = { code: 'claude_failed', title: 'It failed', detail: 'badly', fix: 'Try again' };
  expect(render('error', error)).toBe(`error       It failed — badly\n${' '.repeat(21)}→ Try again\n`);
});

test('shows a tool with its input on one line', () => {
  const payload = { session, messageId: 'm', block: 0, toolUseId: 't', tool: 'Bash', input: { command: 'a\nb' } };
  expect(render('tool_use', payload)).toBe('tool_use    Bash {"command":"a\\nb"}\n');
});

test('shows what a request asks', () => {
  const ask = { kind: 'tool', tool: 'Bash', input: {}, toolUseId: 't' };
  expect(render('request', { request: session, session, ask })).toContain(
    `waits for leave to use Bash {} (request ${session})`,
  );
});

test('shows who may answer a form, and until when', () => {
  const lock = { request: session, name: 'sign', elements: [], expiresAt: '2026-01-09T03:04:05.000Z' };
  expect(render('lock', { ...lock, assign: { users: ['bob'] } })).toBe(
    `lock        waits for the form 'sign' from bob, administrators until 2026-01-09 03:04 (request ${session})\n`,
  );
});

test('shows what became of a form nobody answered', () => {
  const lease = { request: session, name: 'sign', outcome: 'expired' };
  expect(render('lease', lease)).toBe('lease       expired\n');
  expect(render('lease', { ...lease, inputs: { ok: false } })).toBe(
    'lease       expired, default taken: {"ok":false}\n',
  );
});

test('shows that a step is run again', () => {
  const retry = { step: 'pay', attempt: 1, maxRetries: 2, status: null, reason: 'closed' };
  expect(render('retry', { ...retry, delayMs: 1500 })).toBe(
    "retry       step 'pay': closed; running it again in 1.5 s\n",
  );
  expect(render('retry', { ...retry, delayMs: 0 })).toContain('running it again at once');
});

test('a kind it does not know is shown as JSON, made harmless', () => {
  expect(render('novel\x1b', { a: '\x1b[2J' })).toBe('novel␛      {"a":"\\u001b[2J"}\n');
});

test.each(Object.keys(eventPayloads))('%s with a payload that does not fit is shown all the same', (kind) => {
  expect(render(kind, { odd: '\u202e' })).toContain('{"odd":"\\u202e"}');
});
