import type { Element } from '@airlock/protocol/elements';
import { expect, test } from 'vitest';
import { service } from '../fixtures/data.ts';
import { replyField } from './reply-field.ts';

const [who] = service.elements;
const word = { ...who, name: 'word' } as Element;
const submit: Element = { type: 'submit', text: 'Pay' };
const files = (required: boolean): Element => ({
  type: 'file',
  name: 'files',
  label: null,
  value: null,
  required,
  multiple: true,
  directory: false,
  accept: null,
  max_files: null,
  max_bytes: null,
});

test.each([
  ['one field of words', [{ type: 'markdown', text: 'x' }, word, submit], 'word'],
  ['beside files nobody must give', [word, files(false), { type: 'hidden', name: 'h', value: 'v' }], 'word'],
  ['in a group', [{ type: 'group', label: 'g', elements: [word] }], 'word'],
  ['none', [submit], undefined],
  ['several', service.elements, undefined],
  ['beside files that are wanted', [word, files(true)], undefined],
  ['beside a button that decides', [word, { type: 'action', name: 'ok', value: 'yes', text: 'Approve' }], undefined],
  ['a password', [{ ...word, type: 'password' } as Element], undefined],
] as [string, Element[], string | undefined][])('%s', (_, elements, expected) => {
  expect(replyField(elements)).toBe(expected);
});
