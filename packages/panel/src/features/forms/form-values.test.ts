import type { Element } from '@airlock/protocol/elements';
import { describe, expect, it } from 'vitest';
import { initialValues, otherErrors, toInputs } from './form-values.ts';

const elements: Element[] = [
  { type: 'markdown', text: '# Hi' },
  { type: 'text', name: 'who', label: 'Who', value: 'me', required: true, placeholder: null, max_length: null },
  {
    type: 'number',
    name: 'count',
    label: null,
    value: null,
    required: false,
    placeholder: null,
    min_value: null,
    max_value: null,
    step: null,
  },
  { type: 'boolean', name: 'sure', label: null, value: true, option: null },
  { type: 'select', name: 'mode', label: null, value: null, required: false, option: [{ name: 'a', label: 'A' }] },
  { type: 'submit', text: 'Go' },
];

describe('form values', () => {
  it('start from the elements', () => {
    expect(initialValues(elements)).toEqual({ who: 'me', count: '', sure: true, mode: '' });
  });

  it('become inputs of the right types', () => {
    expect(toInputs(elements, { who: 'you', count: '2.5', sure: false, mode: 'a' })).toEqual({
      who: 'you',
      count: 2.5,
      sure: false,
      mode: 'a',
    });
  });

  it('leave nothing as null and nonsense as typed', () => {
    expect(toInputs(elements, { who: '', count: '', sure: true, mode: '' })).toMatchObject({ count: null, mode: null });
    expect(toInputs(elements, { count: 'many' })).toMatchObject({ count: 'many' });
  });

  it('errors of no field are not lost', () => {
    expect(otherErrors(elements, { who: ['x'], _global_: ['all wrong'], ghost: ['y'] })).toEqual([
      'all wrong',
      'ghost: y',
    ]);
  });
});
