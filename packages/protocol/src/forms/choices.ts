import { type Checked, required } from './checked.ts';
import type { FieldElement } from './fields.ts';

type One = Extract<FieldElement, { type: 'select' | 'radio' }>;
type Many = Extract<FieldElement, { type: 'multiselect' }>;

/** Options named in an error. */
const mostNamed = 20;

function among({ option }: One | Many): string {
  const names = option.slice(0, mostNamed).map(({ name }) => name);
  return `Expected one of: ${names.join(', ')}${option.length > mostNamed ? ', …' : ''}`;
}

export function checkOne(element: One, raw: unknown): Checked {
  const given = raw === undefined ? element.value : raw;
  const isKnown = element.option.some(({ name }) => name === given);
  if (typeof given === 'string' && isKnown) return { value: given };
  if (given === null || given === '') return element.required ? required : { value: null };
  return { problem: among(element) };
}

/** The chosen come out once each, as the options stand. */
export function checkMany(element: Many, raw: unknown): Checked {
  const given = raw === undefined ? element.value : (raw ?? []);
  const chosen = new Set<unknown>(Array.isArray(given) ? given : [given]);
  const value = element.option.map(({ name }) => name).filter((name) => chosen.has(name));
  if (value.length < chosen.size) return { problem: among(element) };
  const { required: isRequired, min_items: least, max_items: most } = element;
  if (value.length === 0 && isRequired) return required;
  if (least !== null && value.length < least && (isRequired || value.length > 0)) {
    return { problem: `Choose at least ${least}` };
  }
  return most !== null && value.length > most ? { problem: `Choose at most ${most}` } : { value };
}

export function checkBoolean({ value }: Extract<FieldElement, { type: 'boolean' }>, given: unknown): Checked {
  if (given === undefined) return { value };
  if (given === null) return { value: false };
  if (typeof given === 'boolean') return { value: given };
  return given === 'on' ? { value: true } : { problem: 'Expected true or false' };
}

export function checkAction({ value }: Extract<FieldElement, { type: 'action' }>, given: unknown): Checked {
  if (given === undefined || given === null || given === '') return { value: null };
  return given === value ? { value } : { problem: 'This button sends another value' };
}

export function checkColor(element: Extract<FieldElement, { type: 'color' }>, raw: unknown): Checked {
  const given = raw === undefined ? element.value : raw;
  if (typeof given === 'string' && /^#[0-9a-f]{6}$/i.test(given)) return { value: given.toLowerCase() };
  return { problem: 'Expected a colour, such as #1e90ff' };
}
