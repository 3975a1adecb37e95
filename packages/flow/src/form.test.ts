import { AirlockError } from '@airlock/protocol/errors';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  action,
  cancel,
  checkbox,
  color,
  date,
  form,
  group,
  hidden,
  markdown,
  multiselect,
  number,
  radio,
  range,
  select,
  showIf,
  submit,
  text,
  textarea,
  time,
} from './form.ts';

const sizes = select({
  options: [
    { name: 's', label: 'Small' },
    { name: 'l', label: 'Large' },
  ],
  required: true,
});

describe('form', () => {
  it('yields elements in the order written', () => {
    const { elements } = form({
      intro: markdown('\n      # Hi\n        there\n      '),
      name: text({ label: 'Name', help: 'Yours' }),
      send: submit('Send'),
      leave: cancel('Leave'),
    });
    expect(elements).toEqual([
      { type: 'markdown', text: '# Hi\n  there' },
      {
        type: 'text',
        name: 'name',
        label: 'Name',
        help: 'Yours',
        value: null,
        required: false,
        placeholder: null,
        max_length: null,
      },
      { type: 'submit', text: 'Send' },
      { type: 'cancel', text: 'Leave' },
    ]);
  });

  it('types what it yields', () => {
    const typed = form({
      intro: markdown('Hi'),
      name: text(),
      note: textarea({ required: true }),
      age: number(),
      count: number({ required: true }),
      agree: checkbox(),
      size: sizes,
      other: select({ options: [{ name: 'x', label: 'X' }] }),
    });
    expectTypeOf(typed.parse).returns.toEqualTypeOf<{
      name: string;
      note: string;
      age: number | null;
      count: number;
      agree: boolean;
      size: 's' | 'l';
      other: 'x' | null;
    }>();
    const values = { name: '', note: 'n', age: null, count: 2, agree: true, size: 's', other: null };
    expect(typed.parse({ note: 'n', count: '2', agree: 'on', size: 's' })).toEqual(values);
  });

  it('types choices, moments, groups and what is not always shown', () => {
    const options = [
      { name: 'a', label: 'A' },
      { name: 'b', label: 'B' },
    ] as const;
    const typed = form({
      one: radio({ options, required: true }),
      many: multiselect({ options }),
      day: date(),
      at: time({ required: true }),
      share: range({ min: 0, max: 10 }),
      tint: color(),
      source: hidden('test'),
      pressed: action('Later', 'later'),
      more: group({ label: 'More' }, { note: text(), size: sizes }),
      why: showIf('one', 'a', number({ required: true })),
      rest: showIf('one', ['a', 'b'], group({ label: 'Rest' }, { left: textarea() })),
    });
    expectTypeOf(typed.parse).returns.toEqualTypeOf<{
      one: 'a' | 'b';
      many: ('a' | 'b')[];
      day: string | null;
      at: string;
      share: number;
      tint: string;
      source: string;
      pressed: 'later' | null;
      note: string;
      size: 's' | 'l';
      why: number | undefined;
      left: string | undefined;
    }>();
    expect(typed.parse({ one: 'b', at: '10:00', size: 's' })).toEqual({
      one: 'b',
      many: [],
      day: null,
      at: '10:00',
      share: 0,
      tint: '#000000',
      source: 'test',
      pressed: null,
      note: '',
      size: 's',
      left: '',
    });
  });

  it('throws invalid_inputs with messages by field', () => {
    const thrown = (() => {
      try {
        return form({ size: sizes }).parse({});
      } catch (error) {
        return error;
      }
    })();
    expect(thrown).toMatchObject({ code: 'invalid_inputs', fields: { size: ['A value is required'] } });
  });

  it.each(['constructor', 'prototype', '_global_', '2nd', 'a b', ''])('refuses a field named %j', (name) => {
    expect(() => form({ [name]: text() })).toThrow(AirlockError);
  });
});
