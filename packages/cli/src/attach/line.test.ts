import { expect, test } from 'vitest';
import { readLine } from './line.ts';

test.each([
  ['', { kind: 'nothing' }],
  ['  ', { kind: 'nothing' }],
  ['yes', { kind: 'words', text: 'yes' }],
  ['allow 1', { kind: 'words', text: 'allow 1' }],
  ['/compact', { kind: 'words', text: '/compact' }],
  ['::allow', { kind: 'words', text: ':allow' }],
  ['one\n:allow', { kind: 'words', text: 'one\n:allow' }],
  [':allow', { kind: 'command', name: 'allow', n: undefined, rest: '' }],
  [':Allow 2', { kind: 'command', name: 'allow', n: 2, rest: '' }],
  [':deny 2 not now', { kind: 'command', name: 'deny', n: 2, rest: 'not now' }],
  [':deny not\nnow', { kind: 'command', name: 'deny', n: undefined, rest: 'not\nnow' }],
  [':deny! 3', { kind: 'command', name: 'deny!', n: 3, rest: '' }],
  [':model 4.5', { kind: 'command', name: 'model', n: undefined, rest: '4.5' }],
  [':answer 1 {"a": 1}', { kind: 'command', name: 'answer', n: 1, rest: '{"a": 1}' }],
])('%o', (line, typed) => {
  expect(readLine(line)).toEqual(typed);
});
