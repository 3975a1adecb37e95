import { type Checked, required } from './checked.ts';
import type { FieldElement } from './fields.ts';

type Numeric = Extract<FieldElement, { type: 'number' | 'range' }>;

function toNumber(given: unknown): number {
  if (typeof given === 'number') return given;
  return typeof given === 'string' && given.length < 400 && /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(given)
    ? Number(given)
    : Number.NaN;
}

/** Whether `value` is `base` plus a multiple of `step`, as far as numbers can tell. */
export function isOnStep(value: number, base: number, step: number): boolean {
  const steps = (value - base) / step;
  return Math.abs(steps - Math.round(steps)) <= 1e-9 * Math.max(1, Math.abs(steps));
}

export function checkNumber(element: Numeric, raw: unknown): Checked {
  const given = raw === undefined ? element.value : raw;
  if (given === null || given === '') {
    return element.type === 'range' || element.required ? required : { value: null };
  }
  const value = toNumber(given);
  if (!Number.isFinite(value)) return { problem: 'Expected a number' };
  const { min_value: least, max_value: most, step } = element;
  if (least !== null && value < least) return { problem: `Expected at least ${least}, got ${value}` };
  if (most !== null && value > most) return { problem: `Expected at most ${most}, got ${value}` };
  if (step !== null && !isOnStep(value, least ?? 0, step)) {
    return { problem: `Expected ${least ?? 0} plus a multiple of ${step}` };
  }
  return { value: value === 0 ? 0 : value };
}
