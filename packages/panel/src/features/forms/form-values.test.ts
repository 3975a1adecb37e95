import type { Element } from '@airlock/protocol/elements';
import type { Json } from '@airlock/protocol/json';
import { describe, expect, it } from 'vitest';
import type { Draft } from '../../lib/draft.ts';
import { initialValues, otherErrors, shownElements, toInputs } from './form-values.ts';

const option = [
  { name: 'a', label: 'A' },
  { name: 'b', label: 'B' },
  { name: 'c', label: 'C' },
];
const field = { name: 'x', label: null };
const typed = { ...field, value: null, required: false, placeholder: null };
const line = { ...typed, max_length: null };
const number: Element = { type: 'number', ...typed, min_value: null, max_value: null, step: null };
const range: Element = { type: 'range', ...field, value: 3, min_value: 0, max_value: 9, step: 1 };
const boolean: Element = { type: 'boolean', ...field, value: true, option: null };
const select: Element = { type: 'select', ...field, value: null, required: true, option };
const radio: Element = { type: 'radio', ...field, value: null, required: false, option };
const several = { ...field, required: false, option, min_items: null, max_items: null };
const multiselect: Element = { type: 'multiselect', ...several, value: ['b'] };
const date: Element = { type: 'date', ...typed, min_date: null, max_date: null };
const time: Element = { type: 'time', ...typed, min_time: null, max_time: null, step: null };
const moment: Element = { type: 'datetime-local', ...typed, min_datetime: null, max_datetime: null, step: null };
const month: Element = { type: 'month', ...typed, min_month: null, max_month: null };
const week: Element = { type: 'week', ...typed, min_week: null, max_week: null };
const textarea: Element = { type: 'textarea', ...line, rows: null };
const color: Element = { type: 'color', ...field, value: '#1e90ff' };
const hidden: Element = { type: 'hidden', name: 'h', value: 'kept' };
const go: Element = { type: 'action', name: 'go', value: 'now', text: 'Go' };
const lineTypes = ['text', 'email', 'url', 'tel', 'search', 'password'] as const;
const lines = lineTypes.map((type): [Element, Draft[string]] => [{ type, ...line }, '']);
const asked = (name: string, is: (string | number | boolean)[], also: Partial<typeof line> = {}): Element => ({
  type: 'text',
  ...line,
  ...also,
  show_if: { field: name, is },
});

describe('initial values', () => {
  it.each<[Element, Draft[string]]>([
    ...lines,
    [{ type: 'text', ...line, value: 'me' }, 'me'],
    [textarea, ''],
    [number, ''],
    [{ ...number, value: 2.5 }, '2.5'],
    [range, '3'],
    [date, ''],
    [{ ...date, value: '2026-11-25' }, '2026-11-25'],
    [time, ''],
    [moment, ''],
    [month, ''],
    [week, ''],
    [color, '#1e90ff'],
    [boolean, true],
    [select, ''],
    [{ ...select, value: 'b' }, 'b'],
    [radio, ''],
    [multiselect, ['b']],
  ])('%j starts as %j', (element, value) => {
    expect(initialValues([element])).toEqual({ x: value });
  });

  it('leave out what nobody changes, and find fields in groups', () => {
    const group: Element = { type: 'group', label: 'G', elements: [boolean, hidden] };
    expect(initialValues([{ type: 'hr' }, group, hidden, go, { type: 'submit', text: 'Go' }])).toEqual({ x: true });
  });
});

describe('inputs', () => {
  it.each<[Element, Draft[string], Json]>([
    ...lines.map(([element]): [Element, Draft[string], Json] => [element, ' as typed ', ' as typed ']),
    ...lines.map(([element]): [Element, Draft[string], Json] => [element, '', '']),
    [textarea, 'a\nb', 'a\nb'],
    [number, '2.5', 2.5],
    [number, '', null],
    [number, 'many', 'many'],
    [range, '7', 7],
    [date, '2026-11-25', '2026-11-25'],
    [date, '', null],
    [time, '09:30', '09:30'],
    [time, '', null],
    [moment, '2026-11-25T09:30', '2026-11-25T09:30'],
    [moment, '', null],
    [month, '2026-11', '2026-11'],
    [month, '', null],
    [week, '2026-W48', '2026-W48'],
    [week, '', null],
    [color, '#000000', '#000000'],
    [boolean, true, true],
    [boolean, false, false],
    [boolean, 'true', false],
    [select, 'b', 'b'],
    [select, '', null],
    [radio, 'c', 'c'],
    [radio, '', null],
    [multiselect, ['c', 'a'], ['a', 'c']],
    [multiselect, [], []],
    [multiselect, ['gone', 'b'], ['b']],
  ])('of %j holding %j are %j', (element, value, input) => {
    expect(toInputs([element], { x: value })).toEqual({ x: input });
  });

  it('hold what is hidden, whatever a draft says', () => {
    expect(toInputs([hidden], { h: 'other' })).toEqual({ h: 'kept' });
  });

  it('hold the action that was pressed, and null for the others', () => {
    const stop: Element = { type: 'action', name: 'stop', value: 'please', text: 'Stop' };
    expect(toInputs([go, stop], {}, go)).toEqual({ go: 'now', stop: null });
    expect(toInputs([go, stop], {})).toEqual({ go: null, stop: null });
  });
});

describe('conditions', () => {
  it.each<[Element, Draft[string], (string | number | boolean)[], boolean]>([
    [boolean, true, [true], true],
    [boolean, false, [true], false],
    [number, '2', [1, 2], true],
    [number, '3', [1, 2], false],
    [select, 'a', ['a', 'b'], true],
    [multiselect, ['a', 'c'], ['c'], true],
    [multiselect, ['a'], ['c'], false],
  ])('%j holding %j, asked for %j: %j', (element, value, is, shows) => {
    const later = asked('x', is, { name: 'later' });
    expect('later' in toInputs([element, later], { x: value, later: 'typed' })).toBe(shows);
  });

  it('do not hold by a field that is not shown itself', () => {
    const elements = [boolean, asked('x', [true], { name: 'second' }), asked('second', ['yes'], { name: 'third' })];
    expect(toInputs(elements, { x: true, second: 'yes', third: 'z' })).toEqual({ x: true, second: 'yes', third: 'z' });
    expect(toInputs(elements, { x: false, second: 'yes', third: 'z' })).toEqual({ x: false });
  });

  it('of a group hold for everything in it, and fields in it count for later ones', () => {
    const inside: Element = { type: 'text', ...line, name: 'inside' };
    const group: Element = { type: 'group', label: 'G', elements: [inside], show_if: { field: 'x', is: [true] } };
    const elements = [boolean, group, asked('inside', ['yes'], { name: 'after' })];
    const draft = { inside: 'yes', after: 'z' };
    expect(toInputs(elements, { ...draft, x: true })).toEqual({ x: true, inside: 'yes', after: 'z' });
    expect(toInputs(elements, { ...draft, x: false })).toEqual({ x: false });
    expect(shownElements(elements, { ...draft, x: false })).toEqual([boolean]);
  });
});

describe('errors of no field that is seen', () => {
  it('are not lost', () => {
    const group: Element = { type: 'group', label: 'G', elements: [{ type: 'text', ...line }] };
    const errors = { x: ['x'], h: ['too late'], _global_: ['all wrong'], ghost: ['y'] };
    expect(otherErrors([group, hidden], errors)).toEqual(['h: too late', 'all wrong', 'ghost: y']);
  });
});
