import { expect, test } from 'vitest';
import { choiceOf } from './choice.ts';

const options = ['Rope', 'Lamp', 'Bread'].map((label) => ({ label, description: '' }));
const one = { question: 'What?', header: 'Things', multiSelect: false, options };
const several = { ...one, multiSelect: true };

test.each([
  [one, '2', 'Lamp'],
  [one, ' 4 ', undefined],
  [one, '1,2', undefined],
  [one, 'a map, a rope', 'a map, a rope'],
  [one, '', undefined],
  [several, '3, 1,1', 'Rope, Bread'],
  [several, '1, a map, folded', 'Rope, a map, folded'],
  [several, '0', undefined],
  [several, '2 of them', '2 of them'],
])('%#: %o answered with %o', (question, typed, expected) => {
  expect(choiceOf(question, typed)).toBe(expected);
});
