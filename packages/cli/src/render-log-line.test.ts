import { expect, test } from 'vitest';
import { renderLogLine } from './render-log-line.ts';

const terminal = { isTerminal: false, out() {}, err() {} };

test('shows time, level, message and the rest', () => {
  const line = JSON.stringify({
    level: 40,
    time: Date.UTC(2026, 0, 2),
    pid: 1,
    hostname: 'h',
    session: 's',
    msg: 'slow',
  });
  expect(renderLogLine(terminal, line)).toBe('2026-01-02 00:00:00.000 warn  slow session="s"\n');
});

test('shows the stack of an error', () => {
  const line = JSON.stringify({ level: 50, time: 0, msg: 'bad', err: { stack: 'Error: x\n at y' } });
  expect(renderLogLine(terminal, line)).toContain('error bad\n    Error: x\n     at y\n');
});

test.each([
  ['text', 'plain \x1b[2J text', 'plain ␛[2J text\n'],
  ['other JSON', '{"a":1}', '{"a":1}\n'],
  ['a time that is none', '{"level":30,"time":"soon","msg":"m"}', 'soon info  m\n'],
])('shows %s as it is', (_, line, expected) => {
  expect(renderLogLine(terminal, line)).toBe(expected);
});

test('what a log line carries cannot write to the terminal', () => {
  const line = JSON.stringify({ level: 30, time: 0, msg: '\x1b[2J', '\x1b': '\x1b' });
  expect(renderLogLine(terminal, line)).not.toContain('\x1b');
});
