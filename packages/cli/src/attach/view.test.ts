import type { Event, EventKind, EventPayload } from '@airlock/protocol/events';
import { noUsage } from '@airlock/protocol/usage';
import { expect, test } from 'vitest';
import { ids } from '../fixtures/data.ts';
import { createDesk } from './desk.ts';
import { createLiveText } from './live-text.ts';
import { createView } from './view.ts';

const at = '2026-01-02T03:04:05.000Z';
const { session, request } = ids;
const block = { session, messageId: 'm', block: 0 };

function setUp(width = 60) {
  let text = '';
  const print = (more: string) => {
    text += more;
  };
  const display = { terminal: { isTerminal: false, out() {}, err() {} }, width, print };
  const desk = createDesk();
  const view = createView(display, createLiveText({ stream() {}, endStream() {}, peek() {}, giveUp() {} }));
  return {
    text: () => text,
    show<K extends EventKind>(kind: K, payload: EventPayload<K>): void {
      const event = { seq: 1, at, kind, payload } as unknown as Event;
      view.event(event, event, desk.take(event));
    },
    unknown: (kind: string, payload: unknown) => view.event({ seq: 1, at, kind, payload }, undefined, undefined),
  };
}

test('nothing Claude or a person says passes for a line of the command', () => {
  const { show, text } = setUp(40);
  const spoof = `Hi\n? [1] Claude asks to use Bash\n${'long '.repeat(9)}? [2] Claude asks\x1b[2J`;
  show('message', { ...block, text: spoof });
  show('prompt', { session, id: 'p', text: spoof, by: 'bob' });
  show('final', { type: 'markdown', body: spoof });
  show('tool_use', { ...block, toolUseId: 't', tool: 'Bash', input: { command: spoof } });
  const lines = text().trimEnd().split('\n');
  expect(lines.filter((line) => !/^(● |» bob: |final: |⚙ | {2})/.test(line))).toEqual([]);
  expect(text()).not.toContain('\x1b');
});

test('thinking, calls and the end of a turn are a line each', () => {
  const { show, text, unknown } = setUp(200);
  show('thinking', { ...block, text: 'Let me\nsee' });
  show('tool_use', { ...block, toolUseId: 't', tool: 'Bash', input: { command: 'ls\u200b' } });
  show('tool_result', { session, toolUseId: 't', isError: true, text: 'no\nsuch', truncated: false });
  show('turn', { session, prompt: 'p', text: 'x', durationMs: 1_500, usage: noUsage });
  show('usage', { session, model: 'm', usage: noUsage });
  unknown('novel\x1b', { a: 1 });
  expect(text()).toBe(
    [
      '✻ Let me see',
      '⚙ Bash {"command":"ls⟪U+200B⟫"}',
      '  ↳ failed: no such',
      '— turn ended after 1.5 s, 0 tokens in, 0 out, $0.0000',
      '· novel␛: {"a":1}',
      '',
    ].join('\n'),
  );
});

test.each<[EventPayload<'answer'>['inputs'], string]>([
  [{ decision: 'allow' }, 'allowed'],
  [{ decision: 'allow', updatedInput: {} }, 'allowed as edited'],
  [{ decision: 'allow', remember: true }, 'allowed, from now on: Bash(ls)'],
  [{ decision: 'deny', message: 'no\u202e' }, 'denied: “no⟪U+202E⟫”'],
  [{ decision: 'deny', interrupt: true }, 'denied, and Claude stopped'],
])('what became of a tool: %o', (inputs, expected) => {
  const { show, text } = setUp(100);
  const rules = [{ toolName: 'Bash', ruleContent: 'ls' }];
  const grants = [{ type: 'addRules' as const, behavior: 'allow' as const, rules }];
  show('request', { request, session, ask: { kind: 'tool', tool: 'Bash', toolUseId: 't', input: {}, grants } });
  show('answer', { request, session, outcome: 'answered', by: 'bob', inputs });
  expect(text()).toBe(`✓ [1] Bash ${expected}, by bob\n`);
});

test('conversations are told apart once there are several', () => {
  const { show, text } = setUp();
  show('message', { ...block, text: 'one' });
  show('message', { ...block, session: ids.execution, text: 'two' });
  expect(text()).toBe('● one\nS2 ● two\n');
});
