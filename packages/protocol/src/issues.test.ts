import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { fieldErrorsOf } from './issues.ts';
import { jsonObjectSchema } from './json.ts';

const schema = z.strictObject({
  inputs: jsonObjectSchema.optional(),
  count: z.number().int().min(1).max(5).optional(),
  text: z.string().min(2).max(3).optional(),
  list: z.array(z.string()).max(1).optional(),
  side: z.enum(['in', 'out']).optional(),
  id: z.uuid().optional(),
  key: z.string().regex(/^x/, 'Begin it with x').optional(),
});

function errorsOf(value: unknown) {
  const { error } = schema.safeParse(value);
  return error ? fieldErrorsOf(error.issues) : undefined;
}

describe('fieldErrorsOf()', () => {
  it.each<[unknown, Record<string, string[]>]>([
    [null, { _global_: ['Expected an object'] }],
    [{ inputs: 3 }, { inputs: ['Expected an object'] }],
    [
      { inputs: { a: Number.POSITIVE_INFINITY } },
      { 'inputs.a': ['Expected a value JSON can hold; numbers may be too large'] },
    ],
    [{ count: '3' }, { count: ['Expected a number'] }],
    [{ count: 1.5 }, { count: ['Expected a whole number'] }],
    [{ count: 0 }, { count: ['Expected at least 1'] }],
    [{ text: 'abcd' }, { text: ['Expected at most 3 characters'] }],
    [{ list: ['a', 'b'] }, { list: ['Expected at most 1 entries'] }],
    [{ list: [1] }, { 'list.0': ['Expected a text'] }],
    [{ side: 'up' }, { side: ['Expected one of: in, out'] }],
    [{ id: 'x' }, { id: ['Expected an id'] }],
    [{ key: 'y' }, { key: ['Begin it with x'] }],
    [{ more: 1 }, { _global_: ['There is no "more" here'] }],
  ])('says of %j: %j', (value, fields) => {
    expect(errorsOf(value)).toEqual(fields);
  });

  it('stays short, whatever was sent', () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`${n}${'k'.repeat(1000)}`, 1]));
    expect(JSON.stringify(errorsOf(many)).length).toBeLessThan(3000);
    const infinite = Object.fromEntries(Object.keys(many).map((name) => [name, Number.POSITIVE_INFINITY]));
    expect(Object.keys(errorsOf({ inputs: infinite }) ?? {})).toHaveLength(20);
  });

  it('takes names for names', () => {
    const value = { inputs: JSON.parse('{"constructor":1e999,"toString":1e999}') };
    expect(Object.keys(errorsOf(value) ?? {})).toEqual(['inputs.constructor', 'inputs.toString']);
  });
});
