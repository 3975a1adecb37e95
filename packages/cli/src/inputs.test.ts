import { expect, test } from 'vitest';
import { service } from './fixtures/data.ts';
import { inputsOf, parsePairs } from './inputs.ts';

const noFiles = () => Promise.reject(new RangeError('no file is sent here'));
const files = {
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
} as const;

test.each([
  [['who=you'], { who: 'you' }],
  [['who='], { who: '' }],
  [['times=2.5'], { times: 2.5 }],
  [['times='], { times: null }],
  [['times=many'], { times: 'many' }],
  [['loud=no'], { loud: false }],
  [['loud=perhaps'], { loud: 'perhaps' }],
  [['who=a', 'who=b'], { who: 'b' }],
])('%o becomes %o', async (pairs, expected) => {
  expect(await inputsOf(service.elements, pairs, noFiles)).toEqual(expected);
});

test('files are sent one after another, and named by their uploads', async () => {
  const sent: string[] = [];
  const inputs = await inputsOf([files], ['texts=@a.txt,@b c.txt'], (path) => Promise.resolve(`id ${sent.push(path)}`));
  expect([inputs, sent]).toEqual([{ texts: ['id 1', 'id 2'] }, ['a.txt', 'b c.txt']]);
  await expect(inputsOf([files], ['texts=a.txt'], noFiles)).rejects.toThrow(/A file cannot be read: 'a.txt'/);
  await expect(inputsOf([files], ['texts=@'], noFiles)).rejects.toThrow(/A file cannot be read: '@'/);
});

test('a pair without a name is bad usage', () => {
  expect(() => parsePairs(['=x'])).toThrow(/A field cannot be read: '=x'/);
  expect(() => parsePairs(['x'])).toThrow(/A field cannot be read: 'x'/);
});
