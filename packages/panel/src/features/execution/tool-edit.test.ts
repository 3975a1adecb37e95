import { describe, expect, it } from 'vitest';
import { editedInput, editFields } from './tool-edit.ts';

const input = { command: 'ls', timeout: 5, env: { A: '1' } };

describe('editedInput()', () => {
  it('is what was asked while nothing is changed', () => {
    expect(editFields(input).map(({ before }) => before)).toEqual(['ls', '5', '{\n  "A": "1"\n}']);
    expect(editedInput(input, {})).toEqual({ kind: 'same' });
    expect(editedInput(input, { 'edit:command': 'ls', message: 'no' })).toEqual({ kind: 'same' });
  });

  it('takes texts as they are and everything else as JSON', () => {
    expect(editedInput(input, { 'edit:command': '"ls"', 'edit:timeout': '7' })).toEqual({
      kind: 'edited',
      input: { command: '"ls"', timeout: 7, env: { A: '1' } },
    });
  });

  it('names what cannot be read', () => {
    expect(editedInput(input, { 'edit:timeout': 'soon', 'edit:env': '{' })).toEqual({
      kind: 'wrong',
      names: ['timeout', 'env'],
    });
  });
});
