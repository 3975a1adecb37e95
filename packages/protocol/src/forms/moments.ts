import { type Checked, required } from './checked.ts';
import type { FieldElement } from './fields.ts';
import { isOnStep } from './numbers.ts';

export type MomentElement = Extract<FieldElement, { type: 'date' | 'time' | 'datetime-local' | 'month' | 'week' }>;
type MomentType = MomentElement['type'];

const datePattern = /^(\d{4})-(\d{2})-(\d{2})$/;
const timePattern = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/;
const dayMs = 86_400_000;

/** Milliseconds of midnight, as if it were UTC; undefined when there is no such day. */
function dayOf(text: string): number | undefined {
  const [, year, month, day] = (datePattern.exec(text) ?? []).map(Number);
  if (year === undefined || month === undefined || day === undefined || year === 0) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : undefined;
}

function timeOf(text: string): number | undefined {
  const [, hours, minutes, seconds = 0] = (timePattern.exec(text) ?? []).map((part) => Number(part ?? 0));
  if (hours === undefined || minutes === undefined) return undefined;
  return ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

function weekOf(text: string): number | undefined {
  const [, year, week] = (/^(\d{4})-W(\d{2})$/.exec(text) ?? []).map(Number);
  if (!year || !week) return undefined;
  const fourth = dayOf(`${String(year).padStart(4, '0')}-01-04`) ?? 0;
  const monday = fourth - ((new Date(fourth).getUTCDay() + 6) % 7) * dayMs + (week - 1) * 7 * dayMs;
  // A week belongs to the year its Thursday is in.
  return new Date(monday + 3 * dayMs).getUTCFullYear() === year ? monday : undefined;
}

/** A moment as a number that orders and counts like it, in milliseconds; undefined when it is none. */
export function momentOf(type: MomentType, text: string): number | undefined {
  switch (type) {
    case 'date':
      return dayOf(text);
    case 'time':
      return timeOf(text);
    case 'month':
      return dayOf(`${text}-01`);
    case 'week':
      return weekOf(text);
    case 'datetime-local': {
      const [day = '', time = '', more] = text.split('T');
      const [at, since] = [dayOf(day), timeOf(time)];
      return at === undefined || since === undefined || more !== undefined ? undefined : at + since;
    }
  }
}

const examples: Readonly<Record<MomentType, string>> = {
  date: 'a day, such as 2026-11-25',
  time: 'a time, such as 09:30',
  'datetime-local': 'a day and a time, such as 2026-11-25T09:30',
  month: 'a month, such as 2026-11',
  week: 'a week, such as 2026-W48',
};

export function boundsOf(element: MomentElement): { least: string | null; most: string | null; step: number | null } {
  switch (element.type) {
    case 'date':
      return { least: element.min_date, most: element.max_date, step: null };
    case 'time':
      return { least: element.min_time, most: element.max_time, step: element.step };
    case 'datetime-local':
      return { least: element.min_datetime, most: element.max_datetime, step: element.step };
    case 'month':
      return { least: element.min_month, most: element.max_month, step: null };
    case 'week':
      return { least: element.min_week, most: element.max_week, step: null };
  }
}

export function checkMoment(element: MomentElement, raw: unknown): Checked {
  const given = raw === undefined ? element.value : raw;
  if (given === null || given === '') return element.required ? required : { value: null };
  const at = typeof given === 'string' && given.length < 32 ? momentOf(element.type, given) : undefined;
  if (at === undefined) return { problem: `Expected ${examples[element.type]}` };
  const { least, most, step } = boundsOf(element);
  const [from, to] = [least, most].map((bound) => (bound === null ? undefined : momentOf(element.type, bound)));
  if (from !== undefined && at < from) return { problem: `Expected ${least} or later` };
  if (to !== undefined && at > to) return { problem: `Expected ${most} or earlier` };
  if (step !== null && !isOnStep(at, from ?? 0, step * 1000)) {
    return { problem: `Expected steps of ${step} seconds${least === null ? '' : ` from ${least}`}` };
  }
  return { value: String(given) };
}
