import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Element } from '../elements.ts';
import type { Json } from '../json.ts';
import { checkField } from './check.ts';
import type { FieldElement } from './fields.ts';
import { validate } from './validate.ts';

const field = { name: 'field', label: null };
const typed = { ...field, value: null, required: false, placeholder: null };
const option = ['a', 'b', 'c', 'd'].map((name) => ({ name, label: name.toUpperCase() }));
const none = { min_value: null, max_value: null, step: null };

const pad = (value: number, length: number) => String(value).padStart(length, '0');
const days = fc
  .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const times = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
  .map(([hours, minutes]) => `${pad(hours, 2)}:${pad(minutes, 2)}`);
/** One line of what people type, in all alphabets. */
const words = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
  .filter((text) => text.trim() !== '' && !/[\p{Cc}\u2028-\u202e\u2066-\u2069]/u.test(text));
const labels = fc.stringMatching(/^[a-z]{1,10}$/);

const files = {
  type: 'file' as const,
  ...field,
  value: null,
  required: false,
  multiple: false,
  directory: false,
  accept: null,
  max_files: null,
  max_bytes: null,
};
const ref = (name: string, size: number, type?: string) =>
  fc.uuid().map((upload) => ({ upload, name, size, ...(type === undefined ? {} : { type }) }));

/** Per element: values its type allows, and values it does not. */
const elements: readonly {
  element: FieldElement;
  right: fc.Arbitrary<Json>;
  wrong: fc.Arbitrary<unknown>;
}[] = [
  {
    element: { type: 'text', ...typed, max_length: 200 },
    right: words,
    wrong: fc.oneof(
      fc.integer(),
      words.map((text) => `${text}\n${text}`),
      words.map((text) => `${text}\u202e`),
      fc.constant('x'.repeat(201)),
    ),
  },
  {
    element: { type: 'search', ...typed, required: true, min_length: 3, max_length: 5 },
    right: fc.stringMatching(/^[a-z]{3,5}$/),
    wrong: fc.oneof(
      fc.stringMatching(/^[a-z]{1,2}$/),
      fc.stringMatching(/^[a-z]{6,9}$/),
      fc.constantFrom('', ' ', null),
    ),
  },
  {
    element: { type: 'tel', ...typed, max_length: null, pattern: '[+]?[0-9 ]+' },
    right: fc.stringMatching(/^\+[0-9]{3,12}$/),
    wrong: fc.stringMatching(/^[0-9]{1,5}[a-z]{1,5}$/),
  },
  {
    element: { type: 'email', ...typed, max_length: null },
    right: fc.tuple(labels, labels).map(([who, where]) => `${who}@${where}.example`),
    wrong: fc.oneof(
      labels,
      fc.tuple(labels, labels).map(([a, b]) => `${a}@${b}@c`),
      labels.map((text) => `${text} @x`),
    ),
  },
  {
    element: { type: 'url', ...typed, max_length: null },
    right: fc.webUrl({ validSchemes: ['http', 'https'] }),
    wrong: fc.oneof(
      labels,
      labels.map((text) => `javascript:${text}`),
      labels.map((text) => `//${text}`),
    ),
  },
  {
    element: { type: 'password', ...typed, max_length: null },
    right: words,
    wrong: fc.constantFrom(1, true, {}, 'a\0'),
  },
  {
    element: { type: 'textarea', ...typed, rows: null, max_length: 1_000 },
    right: fc.tuple(words, words).map(([a, b]) => `${a}\n${b}`),
    wrong: fc.oneof(
      words.map((text) => `${text}\0`),
      fc.constant('x'.repeat(1_001)),
      fc.boolean(),
    ),
  },
  {
    element: { type: 'number', ...typed, ...none, min_value: -5, max_value: 5, step: 0.5 },
    right: fc.integer({ min: -10, max: 10 }).map((half) => half / 2),
    wrong: fc.oneof(
      fc.integer({ min: 6 }),
      fc.integer({ max: -6 }),
      fc.constantFrom(0.3, 'x', '0x1', Infinity, Number.NaN, [1]),
    ),
  },
  {
    element: { type: 'range', ...field, value: 4, min_value: 0, max_value: 10, step: 2 },
    right: fc.integer({ min: 0, max: 5 }).map((half) => half * 2),
    wrong: fc.oneof(
      fc.integer({ min: 0, max: 4 }).map((half) => half * 2 + 1),
      fc.constantFrom(null, '', 12, -2),
    ),
  },
  {
    element: { type: 'date', ...typed, min_date: null, max_date: null },
    right: days,
    wrong: fc.constantFrom(
      '2026-02-29',
      '2100-02-29',
      '2026-13-01',
      '2026-1-1',
      '26-01-01',
      '0000-01-01',
      20260101,
      'today',
    ),
  },
  {
    element: { type: 'date', ...typed, required: true, min_date: '2026-01-01', max_date: '2026-12-31' },
    right: days.map((day) => `2026${day.slice(4)}`).filter((day) => day !== '2026-02-29'),
    wrong: fc.constantFrom('2025-12-31', '2027-01-01', '', null),
  },
  {
    element: { type: 'time', ...typed, min_time: '08:00', max_time: '18:00', step: 900 },
    right: fc
      .integer({ min: 32, max: 72 })
      .map((quarter) => `${pad(Math.floor(quarter / 4), 2)}:${pad((quarter % 4) * 15, 2)}`),
    wrong: fc.constantFrom('07:45', '18:15', '09:10', '24:00', '9:00', '10:60', '10:00:60'),
  },
  {
    element: { type: 'datetime-local', ...typed, min_datetime: null, max_datetime: null, step: null },
    right: fc.tuple(days, times).map(([day, time]) => `${day}T${time}`),
    wrong: fc.constantFrom(
      '2026-02-30T10:00',
      '2026-01-01 10:00',
      '2026-01-01T10:00Z',
      '2026-01-01T10:00T1',
      '2026-01-01',
    ),
  },
  {
    element: { type: 'month', ...typed, min_month: null, max_month: '2030-06' },
    right: days.map((day) => `20${pad(Number(day.slice(2, 4)) % 30, 2)}-${day.slice(5, 7)}`),
    wrong: fc.constantFrom('2026-00', '2026-13', '2030-07', '2026', '2026-1'),
  },
  {
    element: { type: 'week', ...typed, min_week: null, max_week: null },
    right: fc
      .tuple(fc.integer({ min: 1, max: 9999 }), fc.integer({ min: 1, max: 52 }))
      .map(([y, w]) => `${pad(y, 4)}-W${pad(w, 2)}`),
    wrong: fc.constantFrom('2026-W00', '2025-W53', '2026-W54', '2026-W1', '2026-48', '0000-W01'),
  },
  {
    element: { type: 'color', ...field, value: '#000000' },
    right: fc.stringMatching(/^#[0-9a-f]{6}$/),
    wrong: fc.constantFrom('red', '#fff', '#12345g', '', null, 0),
  },
  {
    element: { type: 'boolean', ...field, value: false, option: null },
    right: fc.boolean(),
    wrong: fc.constantFrom('yes', 'true', 1, 0, {}),
  },
  {
    element: { type: 'select', ...field, value: null, required: false, option },
    right: fc.constantFrom('a', 'b', 'c', 'd', null),
    wrong: fc.oneof(fc.constantFrom('A', 'e', ['a'], 1, 'constructor')),
  },
  {
    element: { type: 'radio', ...field, value: null, required: true, option },
    right: fc.constantFrom('a', 'b', 'c', 'd'),
    wrong: fc.constantFrom('', null, 'A', 'toString'),
  },
  {
    element: { type: 'multiselect', ...field, value: [], required: true, option, min_items: 2, max_items: 3 },
    right: fc.subarray(['a', 'b', 'c', 'd'], { minLength: 2, maxLength: 3 }),
    wrong: fc.constantFrom([], null, ['a'], ['a', 'a'], ['a', 'b', 'c', 'd'], ['a', 'e'], ['a', ['b']], 'a', { a: 1 }),
  },
  {
    element: { type: 'hidden', name: 'field', value: 'kept' },
    right: words,
    wrong: fc.constantFrom(1, ['x'], 'a\0', 'x'.repeat(100_001)),
  },
  {
    element: { ...files, multiple: true, accept: '.csv, image/*', max_files: 3, max_bytes: 1_000 },
    right: fc.uniqueArray(fc.oneof(fc.uuid(), ref('a.CSV', 1_000), ref('b', 0, 'image/png')), {
      maxLength: 3,
      selector: (file) => (typeof file === 'string' ? file : file.upload),
    }),
    wrong: fc.oneof(
      fc.constantFrom(
        'a.csv',
        1,
        {},
        [{}],
        [['x']],
        [null],
        [{ name: 'a.csv', size: -1 }],
        [{ name: 'a.csv', size: 1 }],
      ),
      ref('a.csv', 1_001).map((file) => [file]),
      ref('a.csv.exe', 1).map((file) => [file]),
      ref('a', 1, 'text/csv').map((file) => [file]),
      fc.uuid().map((upload) => [upload, upload]),
      fc.uniqueArray(fc.uuid(), { minLength: 4, maxLength: 5 }),
    ),
  },
  {
    element: { ...files, required: true },
    right: fc.uuid().map((upload) => [upload]),
    wrong: fc.oneof(fc.constantFrom('', null, []), fc.uniqueArray(fc.uuid(), { minLength: 2, maxLength: 2 })),
  },
  {
    element: { type: 'action', name: 'field', value: 'go', text: 'Go' },
    right: fc.constantFrom('go', null),
    wrong: fc.constantFrom('stop', 1, ['go']),
  },
];

describe.each(elements.map((each) => ({ ...each, type: each.element.type })))(
  'a $type',
  ({ element, right, wrong }) => {
    it('takes what its type says, unchanged, again and again', () => {
      fc.assert(
        fc.property(right, (value) => {
          const taken = validate([element], { field: value });
          expect(taken).toEqual({ ok: true, values: { field: value } });
          expect(checkField(element, value)).toEqual([]);
        }),
      );
    });

    it('refuses what it does not, at the field and in words', () => {
      fc.assert(
        fc.property(wrong, (value) => {
          const problems = checkField(element, value);
          expect(problems).toHaveLength(1);
          expect(validate([element], { field: value })).toEqual({ ok: false, fields: { field: problems } });
        }),
      );
    });

    it('takes whatever comes without harm, and takes what it gave out', () => {
      fc.assert(
        fc.property(fc.anything(), (value) => {
          const first = validate([element], { field: value });
          if (!first.ok) {
            expect(Object.keys(first.fields)).toEqual(['field']);
            return;
          }
          expect(validate([element], first.values)).toEqual(first);
          expect(JSON.parse(JSON.stringify(first.values))).toEqual(first.values);
        }),
      );
    });
  },
);

describe('lines', () => {
  const line = (type: 'text' | 'email' | 'url', more: object = {}): FieldElement => ({
    type,
    ...typed,
    max_length: null,
    ...more,
  });

  it.each<[string, FieldElement, string]>([
    ['blanks for an address', line('email'), ' '],
    ['blanks for a pattern', line('text', { pattern: '[0-9]+' }), '  '],
    ['blanks for a length', line('text', { min_length: 3 }), ' '],
    ['an address without a host', line('url'), 'https:example.com'],
    ['blanks around an address', line('url'), ' https://example.com'],
    ['a mail address without anybody', line('url'), 'mailto:'],
    ['a line separator', line('text'), 'a\u2028b'],
    ['a paragraph separator', line('text'), 'a\u2029b'],
    ['a hidden value that turns the text', { type: 'hidden', name: 'field', value: '' }, 'a\u202eb'],
    ['a hidden escape', { type: 'hidden', name: 'field', value: '' }, 'a\u001b[2J'],
  ])('refuse %s', (_, element, value) => {
    expect(checkField(element, value)).toHaveLength(1);
  });

  it('take nothing for an answer where none is required', () => {
    for (const type of ['text', 'email', 'url'] as const) {
      expect(checkField(line(type, { pattern: '[0-9]+', min_length: 3 }), '')).toEqual([]);
    }
  });
});

describe('days and weeks', () => {
  const date: FieldElement = { type: 'date', ...typed, min_date: null, max_date: null };
  const week: FieldElement = { type: 'week', ...typed, min_week: null, max_week: null };

  it('are those of the calendar', () => {
    for (const day of ['2028-02-29', '2000-02-29']) expect(checkField(date, day)).toEqual([]);
    expect(checkField(date, '1900-02-29')).toHaveLength(1);
    for (const long of ['2020-W53', '2026-W53']) expect(checkField(week, long)).toEqual([]);
  });
});

describe('whole forms', () => {
  const all = elements.map(({ element }, at) => ({ ...element, name: `f${at}` }) as Element);
  const known = new Set(all.flatMap((element) => ('name' in element ? [element.name] : [])));

  it('never let a key through that they do not have', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'f0')), fc.anything()),
        (given) => {
          const result = validate(all, given);
          const strangers = Object.keys(given).filter((name) => !known.has(name));
          if (result.ok) expect(strangers).toEqual([]);
          else if (strangers.length > 0) expect(result.fields._global_).toHaveLength(Math.min(10, strangers.length));
          expect(Object.getPrototypeOf({})).toBe(Object.prototype);
        },
      ),
    );
  });

  it('leave out what is not shown, whatever was sent for it, along a chain and in groups', () => {
    const form: Element[] = [
      { type: 'boolean', name: 'more', label: null, value: false, option: null },
      { type: 'text', ...typed, name: 'why', required: true, max_length: null, show_if: { field: 'more', is: [true] } },
      {
        type: 'group',
        label: 'Details',
        show_if: { field: 'why', is: ['because'] },
        elements: [{ type: 'number', ...typed, ...none, name: 'count', required: true }],
      },
    ];
    expect(validate(form, { why: 7, count: 'x' })).toEqual({ ok: true, values: { more: false } });
    expect(validate(form, { more: true })).toEqual({ ok: false, fields: { why: ['A value is required'] } });
    expect(validate(form, { more: true, why: 'no', count: 1 })).toEqual({
      ok: true,
      values: { more: true, why: 'no' },
    });
    expect(validate(form, { more: true, why: 'because' })).toMatchObject({
      ok: false,
      fields: { count: [expect.any(String)] },
    });
    expect(validate(form, { more: 'on', why: 'because', count: '3' })).toEqual({
      ok: true,
      values: { more: true, why: 'because', count: 3 },
    });
  });

  it('are not held up by a pattern and a value made for it', () => {
    const of = (pattern: string): FieldElement => ({ type: 'text', ...typed, max_length: null, pattern });
    const value = `${'a'.repeat(20_000)}!`;
    const timed = (element: FieldElement) => {
      const from = performance.now();
      expect(checkField(element, value)).toHaveLength(1);
      return performance.now() - from;
    };
    const plain = of('a+');
    timed(plain);
    expect(timed(of('(a+)+'))).toBeLessThan(Math.max(1, timed(plain)) * 100);
  });
});
