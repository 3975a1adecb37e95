import type { Element } from '@airlock/protocol/elements';
import { expect, test } from 'vitest';
import { UsageFailure } from '../failure.ts';
import { askForm } from './ask-form.ts';
import { BackOut, type Dialog } from './dialog.ts';

/** Somebody who answers each prompt with the next line. */
function person(...lines: string[]) {
  const said: string[] = [];
  const secrets: string[] = [];
  const dialog: Dialog = {
    width: 80,
    tell: (text) => void said.push(text),
    ask(prompt, isSecret) {
      if (isSecret === true) secrets.push(prompt);
      const line = lines.shift();
      return line === undefined ? Promise.reject(new BackOut('no more')) : Promise.resolve(line);
    },
  };
  return { dialog, secrets, said: () => said.join('') };
}

const noFiles = () => Promise.reject(new RangeError('no file is sent here'));
const option = [
  { name: 'post', label: 'By post' },
  { name: 'hand', label: 'By hand' },
];
const line = (name: string, more: object = {}) => ({
  type: 'text' as const,
  name,
  label: null,
  value: null,
  required: false,
  placeholder: null,
  max_length: null,
  ...more,
});
const by = {
  type: 'radio' as const,
  name: 'by',
  label: 'By',
  value: null,
  required: true,
  option,
};
const submit: Element = { type: 'submit', text: 'Send' };

test('fields are asked in order, those alone that are shown, in the types they want', async () => {
  const elements: Element[] = [
    { type: 'markdown', text: 'Read \x1b[2Jthis' },
    { type: 'group', label: 'Where', elements: [by, line('address', { show_if: { field: 'by', is: ['post'] } })] },
    { type: 'boolean', name: 'gift', label: null, value: false, option: 'Wrap it' },
    {
      type: 'multiselect',
      name: 'days',
      label: null,
      value: [],
      required: false,
      option,
      min_items: null,
      max_items: null,
    },
    {
      type: 'number',
      name: 'n',
      label: null,
      value: 3,
      required: true,
      placeholder: null,
      min_value: 1,
      max_value: 5,
      step: 1,
    },
    { type: 'hidden', name: 'token', value: 'x' },
    submit,
  ];
  const ada = person('2', 'yes', '2,post', '9', '', '');
  expect(await askForm(elements, ada.dialog, noFiles)).toEqual({
    by: 'hand',
    gift: true,
    days: ['post', 'hand'],
    n: 3,
  });
  expect(ada.said()).toContain('Read ⟪U+001B⟫[2Jthis');
  expect(ada.said()).not.toContain('address');
  expect(ada.said()).toMatch(/✗ .*5/);
  const bob = person('By post', 'Lane 1', 'no', '', '1', '');
  expect(await askForm(elements, bob.dialog, noFiles)).toMatchObject({ by: 'post', address: 'Lane 1', gift: false });
});

test('a value that will not do is asked for again, saying why', async () => {
  const { dialog, said } = person('', 'x', '1', '');
  expect(await askForm([by, submit], dialog, noFiles)).toEqual({ by: 'post' });
  expect(said()).toContain('✗ A value is required');
  expect(said()).toContain('✗ Expected one of: post, hand');
});

test('a default is taken, or nothing', async () => {
  const elements = [line('a', { value: 'one' }), line('b', { value: 'two' }), submit];
  expect(await askForm(elements, person('', ':none', '').dialog, noFiles)).toEqual({ a: 'one', b: '' });
});

test('a password is not shown while it is typed', async () => {
  const { dialog, secrets } = person('secret', '');
  expect(await askForm([line('key', { type: 'password' }), submit], dialog, noFiles)).toEqual({ key: 'secret' });
  expect(secrets).toEqual(['key› ']);
});

test('one of several buttons is chosen', async () => {
  const elements: Element[] = [submit, { type: 'action', name: 'verdict', value: 'no', text: 'Refuse' }];
  expect(await askForm(elements, person('3', 'x', '2').dialog, noFiles)).toEqual({ verdict: 'no' });
  expect(await askForm(elements, person('1').dialog, noFiles)).toEqual({});
});

test('files are sent, and one that is not there is asked for again', async () => {
  const id = '019a0000-0000-7000-8000-00000000000';
  const files: Element = {
    type: 'file',
    name: 'texts',
    label: null,
    value: null,
    required: true,
    multiple: true,
    directory: false,
    accept: null,
    max_files: null,
    max_bytes: null,
  };
  const sent: string[] = [];
  const send = (path: string) => {
    if (path === 'gone') return Promise.reject(new UsageFailure('A file cannot be sent', 'gone', 'Check its path'));
    return Promise.resolve(`${id}${sent.push(path)}`);
  };
  const { dialog, said } = person('', 'gone', '@a.txt, b c.txt', '');
  expect(await askForm([files, submit], dialog, send)).toEqual({ texts: [`${id}1`, `${id}2`] });
  expect(sent).toEqual(['a.txt', 'b c.txt']);
  expect(said()).toContain('✗ A file is required');
  expect(said()).toContain('✗ A file cannot be sent: gone');
});

test('whoever gives up sends nothing', async () => {
  await expect(askForm([line('a'), submit], person('x').dialog, noFiles)).rejects.toThrow(BackOut);
});
