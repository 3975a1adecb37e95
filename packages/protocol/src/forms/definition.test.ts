import { describe, expect, it } from 'vitest';
import type { Element } from '../elements.ts';
import { problemsOfForm } from './definition.ts';

const typed = { label: null, value: null, required: false, placeholder: null };
const line = (name: string, more: object = {}) =>
  ({ type: 'text', name, ...typed, max_length: null, ...more }) as Element;
const option = [
  { name: 'a', label: 'A' },
  { name: 'b', label: 'B' },
];

describe('a form', () => {
  it('is fine when nothing is wrong with it', () => {
    expect(
      problemsOfForm([
        line('a', { pattern: '[a-z]+', value: 'abc' }),
        line('b', { show_if: { field: 'a', is: ['x'] } }),
      ]),
    ).toEqual([]);
  });

  it.each<[string, Element[], string]>([
    [
      'two fields of one name',
      [line('a'), { type: 'group', label: 'G', elements: [line('a') as never] }],
      'Two fields are named "a"',
    ],
    ['a taken name', [line('constructor')], 'this name is taken'],
    [
      'a condition on nothing',
      [line('a', { show_if: { field: 'b', is: ['x'] } }), line('b')],
      'which is no field before it',
    ],
    ['a pattern with look-behind', [line('a', { pattern: '(?<=x)y' })], 'the pattern cannot be used'],
    ['a pattern with a back reference', [line('a', { pattern: String.raw`(x)\1` })], 'the pattern cannot be used'],
    ['a pattern that is none', [line('a', { pattern: '(' })], 'the pattern cannot be used'],
    ['a default that does not fit', [line('a', { pattern: '[0-9]+', value: 'abc' })], 'its default does not fit'],
    [
      'lengths the wrong way round',
      [line('a', { min_length: 5, max_length: 2 })],
      'its least value is more than its greatest',
    ],
    [
      'a bound that is no day',
      [{ type: 'date', name: 'a', ...typed, min_date: 'today', max_date: null }],
      'its least value "today" is no date',
    ],
    [
      'a default outside of its bounds',
      [{ type: 'range', name: 'a', label: null, value: 11, min_value: 0, max_value: 10, step: 1 }],
      'Expected at most 10, got 11',
    ],
    [
      'a default that is no option',
      [{ type: 'select', name: 'a', label: null, value: 'c', required: false, option }],
      'Expected one of: a, b',
    ],
    [
      'options of one name',
      [{ type: 'radio', name: 'a', label: null, value: null, required: false, option: [...option, ...option] }],
      'two options are named "a"',
    ],
  ])('with %s says so', (_, elements, words) => {
    expect(problemsOfForm(elements)).toEqual([expect.stringContaining(words)]);
  });
});
