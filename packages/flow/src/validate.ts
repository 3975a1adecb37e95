import type { Element } from '@airlock/protocol/elements';
import type { FieldErrors } from '@airlock/protocol/errors';
import type { Json, JsonObject } from '@airlock/protocol/json';

export type Validated =
  | { readonly ok: true; readonly values: JsonObject }
  | { readonly ok: false; readonly fields: FieldErrors };

/** Longest text a field without a limit of its own takes. */
export const defaultMaxLength = 100_000;

type Checked = { readonly value: Json } | { readonly problem: string };

const required: Checked = { problem: 'A value is required' };

function cleanText(value: unknown): string | null {
  return typeof value === 'string' && !value.includes('\0') ? value.replaceAll('\r\n', '\n') : null;
}

function checkText(element: Extract<Element, { type: 'text' | 'textarea' }>, given: unknown): Checked {
  const text = cleanText(given === undefined ? (element.value ?? '') : (given ?? ''));
  if (text === null) return { problem: 'Expected a text without NUL characters' };
  if (element.required && text.trim() === '') return required;
  if (element.type === 'text' && /[\n\r]/.test(text)) return { problem: 'Expected one line' };
  const most = element.max_length ?? defaultMaxLength;
  return text.length > most ? { problem: `Expected at most ${most} characters, got ${text.length}` } : { value: text };
}

function toNumber(given: unknown): number {
  if (typeof given === 'number') return given;
  return typeof given === 'string' && /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(given)
    ? Number(given)
    : Number.NaN;
}

function checkNumber(element: Extract<Element, { type: 'number' }>, raw: unknown): Checked {
  const given = raw === undefined ? element.value : raw;
  if (given === null || given === '') return element.required ? required : { value: null };
  const value = toNumber(given);
  if (!Number.isFinite(value)) return { problem: 'Expected a number' };
  const { min_value: least, max_value: most, step } = element;
  if (least !== null && value < least) return { problem: `Expected at least ${least}, got ${value}` };
  if (most !== null && value > most) return { problem: `Expected at most ${most}, got ${value}` };
  if (step !== null) {
    const steps = (value - (least ?? 0)) / step;
    if (Math.abs(steps - Math.round(steps)) > 1e-9 * Math.max(1, Math.abs(steps))) {
      return { problem: `Expected ${least ?? 0} plus a multiple of ${step}` };
    }
  }
  return { value };
}

function checkBoolean(element: Extract<Element, { type: 'boolean' }>, given: unknown): Checked {
  if (given === undefined) return { value: element.value };
  if (given === null) return { value: false };
  if (typeof given === 'boolean') return { value: given };
  return given === 'on' ? { value: true } : { problem: 'Expected true or false' };
}

function checkSelect(element: Extract<Element, { type: 'select' }>, raw: unknown): Checked {
  const given = raw === undefined ? element.value : raw;
  if (given === null || given === '') return element.required ? required : { value: null };
  const isKnown = element.option.some(({ name }) => name === given);
  if (typeof given === 'string' && isKnown) return { value: given };
  return { problem: `Expected one of: ${element.option.map(({ name }) => name).join(', ')}` };
}

function check(element: Exclude<Element, { type: 'markdown' | 'submit' | 'cancel' }>, given: unknown): Checked {
  switch (element.type) {
    case 'text':
    case 'textarea':
      return checkText(element, given);
    case 'number':
      return checkNumber(element, given);
    case 'boolean':
      return checkBoolean(element, given);
    case 'select':
      return checkSelect(element, given);
  }
}

/** A name in a message: quoted, and short enough to read. */
function quoted(name: string): string {
  return JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name);
}

/**
 * Checks the values of a form against its elements. Absent fields take their defaults; texts may be sent for numbers
 * and `on` for a ticked box, as browsers do. Values that come out go in again unchanged. Fields the form does not have
 * are refused under `_global_`. Depends on nothing but its arguments.
 */
export function validate(elements: readonly Element[], given: unknown): Validated {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return { ok: false, fields: { _global_: ['Expected an object of values by field name'] } };
  }
  const byName = new Map<string, unknown>(Object.entries(given));
  const values: [string, Json][] = [];
  const problems: [string, string[]][] = [];
  for (const element of elements) {
    if (!('name' in element)) continue;
    const checked = check(element, byName.get(element.name));
    byName.delete(element.name);
    if ('problem' in checked) problems.push([element.name, [checked.problem]]);
    else values.push([element.name, checked.value]);
  }
  const unknown = [...byName.keys()].slice(0, 10).map((name) => `The form has no field ${quoted(name)}`);
  if (unknown.length > 0) problems.push(['_global_', unknown]);
  if (problems.length > 0) return { ok: false, fields: Object.fromEntries(problems) };
  return { ok: true, values: Object.fromEntries(values) };
}
