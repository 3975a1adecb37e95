import { describe, expect, it } from 'vitest';
import { elicitationForm, elicitedContent } from './elicitation.ts';
import { validate } from './validate.ts';

const form = (properties: object, required: string[] = []) => elicitationForm({ type: 'object', properties, required });
const judge = (properties: object, content: object, required: string[] = []) => {
  const elements = form(properties, required);
  if (!elements) throw new Error('It has no form');
  const checked = validate(elements, content);
  return checked.ok ? elicitedContent(checked.values) : Object.keys(checked.fields);
};

describe('elicitationForm()', () => {
  it('makes a field of each property, and takes what the schema takes', () => {
    const properties = {
      name: { type: 'string', title: 'Your name', description: 'As people call you', minLength: 2, maxLength: 10 },
      mail: { type: 'string', format: 'email' },
      site: { type: 'string', format: 'uri' },
      day: { type: 'string', format: 'date' },
      at: { type: 'string', format: 'date-time' },
      count: { type: 'integer', minimum: 1, maximum: 9 },
      share: { type: 'number' },
      sure: { type: 'boolean', default: true },
      size: { type: 'string', enum: ['s', 'm'], enumNames: ['Small', 'Medium'] },
      tea: { type: 'string', oneOf: [{ const: 'g', title: 'Green' }, { const: 'b' }] },
      extras: { type: 'array', items: { enum: ['milk', 'sugar'] }, maxItems: 1 },
    };
    expect(form(properties)?.map((element) => [element.type, 'label' in element ? element.label : ''])).toEqual([
      ['text', 'Your name'],
      ['email', 'mail'],
      ['url', 'site'],
      ['date', 'day'],
      ['text', 'at'],
      ['number', 'count'],
      ['number', 'share'],
      ['boolean', 'sure'],
      ['select', 'size'],
      ['select', 'tea'],
      ['multiselect', 'extras'],
    ]);
    const content = {
      name: 'Ada',
      mail: 'ada@example.com',
      site: 'https://example.com',
      day: '2026-11-25',
      at: '2026-11-25T09:30:00+01:00',
      count: 3,
      share: 0.5,
      sure: false,
      size: 'm',
      tea: 'g',
      extras: ['milk'],
    };
    expect(judge(properties, content)).toEqual(content);
    const wrong = { name: 'A', mail: 'ada', site: 'x', day: 'soon', at: '2026-11-25T09:30', count: 1.5, size: 'l' };
    expect(judge(properties, { ...wrong, extras: ['milk', 'sugar'] })).toEqual([...Object.keys(wrong), 'extras']);
  });

  it('leaves out what was left empty, and wants what is required', () => {
    const properties = { a: { type: 'string' }, b: { type: 'number', default: 7 } };
    expect(judge(properties, {})).toEqual({ b: 7 });
    expect(judge(properties, {}, ['a'])).toEqual(['a']);
  });

  it('takes a pattern for what JSON Schema does: it fits anywhere, unless it says where', () => {
    const properties = { a: { type: 'string', pattern: '[0-9]' }, b: { type: 'string', pattern: '^[a-z]+$' } };
    expect(judge(properties, { a: 'one 2', b: 'abc' })).toEqual({ a: 'one 2', b: 'abc' });
    expect(judge(properties, { a: 'one', b: 'ab3' })).toEqual(['a', 'b']);
  });

  it.each([
    ['no schema', undefined],
    ['a list of what is wanted', []],
    ['something in something', { properties: { a: { type: 'object', properties: {} } } }],
    ['an unknown type', { properties: { a: { type: 'file' } } }],
    ['a name no field has', { properties: { 'a b': { type: 'string' } } }],
    ['no choice', { properties: { a: { type: 'string', enum: [] } } }],
    [
      'too much',
      { properties: Object.fromEntries(Array.from({ length: 201 }, (_, n) => [`a${n}`, { type: 'string' }])) },
    ],
  ])('has no form for %s', (_, schema) => {
    expect(elicitationForm(schema)).toBeUndefined();
  });
});
