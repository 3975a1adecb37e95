import { idSchema } from '@airlock/protocol/ids';
import { expect, test } from 'vitest';
import { createLiveText } from './live-text.ts';

const session = idSchema.parse('019a0000-0000-7000-8000-000000000003');
const other = idSchema.parse('019a0000-0000-7000-8000-000000000004');

function setUp() {
  const shown: string[] = [];
  const live = createLiveText({
    stream: (text) => void shown.push(text),
    endStream: () => void shown.push('|'),
    peek: (text) => void (text !== '' && shown.push(`(${text})`)),
    giveUp: () => void shown.push('×'),
  });
  const at = (messageId: string, block = 0, of = session) => ({ session: of, messageId, block });
  const say = (text: string, messageId = 'm', of = session) =>
    live.delta({ ...at(messageId, 0, of), kind: 'text', text });
  return { live, shown, at, say, text: () => shown.join('') };
}

test('A11: a stored block is shown once, with the rest of it', () => {
  const { live, at, say, text } = setUp();
  say('Hel');
  say('lo');
  expect(live.settle(at('m'), 'Hello you')).toBe(true);
  expect(text()).toBe('Hello you|');
  expect(live.settle(at('m'), 'Hello you')).toBe(false);
});

test('A11: a block of which nothing was shown is left to who shows it', () => {
  const { live, at, say, text } = setUp();
  say('first');
  say('second', 'n', other);
  expect(live.settle(at('n', 0, other), 'second')).toBe(false);
  expect(text()).toBe('first');
});

test('A12: text that is retracted, or stored as something else, is said to be given up', () => {
  const { live, at, say, text } = setUp();
  say('Hel');
  live.retract({ session, messageId: 'm' });
  say('Good', 'n');
  expect(live.settle(at('n'), 'Bad')).toBe(false);
  live.retract({ session, messageId: 'm' });
  live.end();
  expect(text()).toBe('Hel|×Good|×');
});

test('A11, A12: a new connection tells the text so far: only what is new is shown, or all of it when it differs', () => {
  const { live, say, text } = setUp();
  say('Hello');
  live.connected();
  say('Hello you');
  say('!');
  expect(text()).toBe('Hello you!');
  live.connected();
  say('Bye');
  expect(text()).toBe('Hello you!|×Bye');
});

test('a block waits until the one in progress has ended', () => {
  const { live, at, say, text } = setUp();
  say('one');
  say('two', 'n', other);
  live.settle(at('m'), 'one');
  say(' more', 'n', other);
  expect(text()).toBe('one|two more');
});

test('characters that are cut between two pieces come whole, and escape sequences not at all', () => {
  const { say, shown } = setUp();
  for (const piece of ['a\r', '\nb\ud83d', '\ude00', '\u001b', '[31m']) say(piece);
  expect(shown).toEqual(['a', '\nb', '😀', '␛', '[31m']);
});

test('thinking is one line for as long as it lasts', () => {
  const { live, at, say, shown } = setUp();
  live.delta({ ...at('m'), kind: 'thinking', text: 'Let me\nsee' });
  live.settle(at('m'), 'Let me\nsee');
  say('Hi', 'n');
  expect(shown).toEqual(['(Let me see)', 'Hi']);
});
