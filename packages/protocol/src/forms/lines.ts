import { type Checked, defaultMaxLength, required } from './checked.ts';
import type { FieldElement } from './fields.ts';
import { fits } from './patterns.ts';

type Line = Extract<FieldElement, { type: 'text' | 'email' | 'url' | 'tel' | 'search' | 'password' }>;
type Area = Extract<FieldElement, { type: 'textarea' }>;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/;
const bidi = /[\u202a-\u202e\u2066-\u2069]/;
/** As HTML defines it: what people call an e-mail address, not all that RFC 5322 allows. */
const email =
  /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const longestEmail = 254;
const link = /^(?:https?:\/\/\S+|mailto:[^\s@]+@[^\s@]+)$/i;

function lengthProblem(text: string, least: number | null | undefined, most: number | null): string | undefined {
  const limit = most ?? defaultMaxLength;
  if (text.length > limit) return `Expected at most ${limit} characters, got ${text.length}`;
  if (least && text.length < least) return `Expected at least ${least} characters, got ${text.length}`;
  return undefined;
}

function formProblem({ type, pattern }: Line, text: string): string | undefined {
  if (type === 'email' && (text.length > longestEmail || !email.test(text))) return 'Expected an e-mail address';
  if (type === 'url' && !(link.test(text) && URL.canParse(text)))
    return 'Expected a whole address, such as https://example.com';
  if (pattern && !fits(pattern, text)) return `Expected a value of the form ${pattern}`;
  return undefined;
}

export function checkLine(element: Line, given: unknown): Checked {
  const text = given === undefined ? (element.value ?? '') : (given ?? '');
  if (typeof text !== 'string') return { problem: 'Expected a text' };
  if (element.required && text.trim() === '') return required;
  if (/[\n\r\u2028\u2029]/.test(text)) return { problem: 'Expected one line' };
  if (control.test(text) || bidi.test(text)) return { problem: 'Expected a text without control characters' };
  if (text === '') return { value: text };
  const problem = lengthProblem(text, element.min_length, element.max_length) ?? formProblem(element, text);
  return problem === undefined ? { value: text } : { problem };
}

export function checkArea(element: Area, given: unknown): Checked {
  const raw = given === undefined ? (element.value ?? '') : (given ?? '');
  if (typeof raw !== 'string') return { problem: 'Expected a text' };
  const text = raw.replaceAll('\r\n', '\n').replaceAll('\r', '\n');
  if (control.test(text)) return { problem: 'Expected a text without control characters' };
  if (element.required && text.trim() === '') return required;
  const problem = lengthProblem(text, text === '' ? null : element.min_length, element.max_length);
  return problem === undefined ? { value: text } : { problem };
}

export function checkHidden({ value }: Extract<FieldElement, { type: 'hidden' }>, given: unknown): Checked {
  const text = given ?? value;
  if (typeof text !== 'string') return { problem: 'Expected a text' };
  if (control.test(text) || bidi.test(text)) return { problem: 'Expected a text without control characters' };
  const problem = lengthProblem(text, null, null);
  return problem === undefined ? { value: text } : { problem };
}
