import type { FieldErrors } from '@airlock/protocol/errors';
import { validate } from '@airlock/protocol/forms/validate';
import { describe, expect, it } from 'vitest';
import { checkbox, form, markdown, number, select, submit, text, textarea } from './form.ts';

const { elements } = form({
  intro: markdown('Hi'),
  name: text({ required: true, maxLength: 5 }),
  note: textarea({ value: 'none' }),
  age: number({ min: 0, max: 10, step: 0.5 }),
  agree: checkbox(),
  size: select({
    options: [
      { name: 's', label: 'Small' },
      { name: 'l', label: 'Large' },
    ],
    value: 's',
  }),
  send: submit('Send'),
});

const problems = (values: unknown): FieldErrors => {
  const result = validate(elements, values);
  return result.ok ? {} : result.fields;
};

describe('validate', () => {
  it('fills in defaults', () => {
    const values = { name: 'Ada', note: 'none', age: null, agree: false, size: 's' };
    expect(validate(elements, { name: 'Ada' })).toEqual({ ok: true, values });
  });

  it('takes what it gave out unchanged', () => {
    const first = validate(elements, { name: 'Ada', note: null, age: '2.5', agree: 'on', size: '' });
    expect(first).toEqual({ ok: true, values: { name: 'Ada', note: '', age: 2.5, agree: true, size: null } });
    expect(validate(elements, first.ok ? first.values : null)).toEqual(first);
  });

  it.each([
    [{}, { name: ['A value is required'] }],
    [{ name: ' \n' }, { name: ['A value is required'] }],
    [{ name: 'abcdef' }, { name: ['Expected at most 5 characters, got 6'] }],
    [{ name: 'a\nb' }, { name: ['Expected one line'] }],
    [{ name: 'a\0b' }, { name: ['Expected a text without control characters'] }],
    [{ name: 7 }, { name: ['Expected a text'] }],
    [{ name: 'a', note: 'x'.repeat(100_001) }, { note: ['Expected at most 100000 characters, got 100001'] }],
    [{ name: 'a', age: -1 }, { age: ['Expected at least 0, got -1'] }],
    [{ name: 'a', age: 11 }, { age: ['Expected at most 10, got 11'] }],
    [{ name: 'a', age: 0.3 }, { age: ['Expected 0 plus a multiple of 0.5'] }],
    [{ name: 'a', age: 'Infinity' }, { age: ['Expected a number'] }],
    [{ name: 'a', age: '0x10' }, { age: ['Expected a number'] }],
    [{ name: 'a', age: [1] }, { age: ['Expected a number'] }],
    [{ name: 'a', agree: 'yes' }, { agree: ['Expected true or false'] }],
    [{ name: 'a', size: 'xl' }, { size: ['Expected one of: s, l'] }],
    [{ name: 'a', size: ['s'] }, { size: ['Expected one of: s, l'] }],
    [{ name: 'a', intro: 'x' }, { _global_: ['The form has no field "intro"'] }],
    [{ name: 'a', constructor: 'x' }, { _global_: ['The form has no field "constructor"'] }],
    ['text', { _global_: ['Expected an object of values by field name'] }],
    [[], { _global_: ['Expected an object of values by field name'] }],
    [null, { _global_: ['Expected an object of values by field name'] }],
  ])('refuses %j', (values, fields) => {
    expect(problems(values)).toEqual(fields);
  });

  it('refuses prototype keys without touching a prototype', () => {
    const hostile: unknown = JSON.parse('{"name":"a","__proto__":{"agree":true}}');
    expect(problems(hostile)).toEqual({ _global_: ['The form has no field "__proto__"'] });
    expect({}).not.toHaveProperty('agree');
  });

  it('names at most ten unknown fields, shortened', () => {
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`${'x'.repeat(100)}${n}`, 1]));
    const { _global_: listed = [] } = problems({ name: 'a', ...many });
    expect(listed).toHaveLength(10);
    expect(listed.every((line) => line.length < 100)).toBe(true);
  });
});
