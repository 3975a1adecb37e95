import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createClone } from '../fixtures/clone.ts';
import { editText, readEdited } from './edit-input.ts';

function settings(editor: string) {
  const { settings: found } = createClone().context();
  return { ...found, env: { ...found.env, VISUAL: '', EDITOR: editor } };
}

test('a text is what its editor leaves, and no file of it stays', async () => {
  const found = settings('sed -i s/one/two/');
  const left = join(found.home, 'edits', '4194305');
  mkdirSync(left, { recursive: true });
  expect(await editText('one', found)).toBe('two');
  expect(existsSync(left)).toBe(false);
  expect(readdirSync(join(found.home, 'edits'))).toEqual([]);
});

test('an editor that fails is named', async () => {
  const found = settings('false');
  await expect(editText('one', found)).rejects.toThrow(/The editor failed: false ended with code 1/);
  expect(readdirSync(join(found.home, 'edits'))).toEqual([]);
});

test('what was edited is an object that says something else', () => {
  expect(readEdited('{ "a": 2 }', { a: 1 })).toEqual({ a: 2 });
  expect(readEdited('{\n"a":1}\n', { a: 1 })).toBeUndefined();
  expect(() => readEdited('[1]', {})).toThrow(/it is no JSON object/);
  expect(() => readEdited('{', {})).toThrow(/It cannot be used as input/);
});
