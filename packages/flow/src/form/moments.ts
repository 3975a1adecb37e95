import { described, type Field, type FieldOptions, type Optional } from './part.ts';

interface MomentOptions<Required extends boolean> extends FieldOptions {
  readonly value?: string;
  readonly required?: Required;
  readonly placeholder?: string;
  /** In the form of the value, as is `max`. */
  readonly min?: string;
  readonly max?: string;
}

interface StepOptions<Required extends boolean> extends MomentOptions<Required> {
  /** In seconds: only `min` (or midnight) plus multiples of this are taken. */
  readonly step?: number;
}

const shared = (options: MomentOptions<boolean>) => ({
  ...described(options),
  value: options.value ?? null,
  required: options.required ?? false,
  placeholder: options.placeholder ?? null,
});

const reading = <Required extends boolean>() => ({
  read: (value: unknown) => value as Optional<string, Required>,
});

type Moment<Required extends boolean> = Field<Optional<string, Required>>;

/** A day: `2026-11-25`. Left empty it yields null, unless it is required, as all moments do. */
export function date<const R extends boolean = false>(options: MomentOptions<R> = {}): Moment<R> {
  const { min = null, max = null } = options;
  return {
    element: (name) => ({ type: 'date', name, ...shared(options), min_date: min, max_date: max }),
    ...reading<R>(),
  };
}

/** A time of day: `09:30`, or `09:30:15`. */
export function time<const R extends boolean = false>(options: StepOptions<R> = {}): Moment<R> {
  const { min = null, max = null, step = null } = options;
  return {
    element: (name) => ({ type: 'time', name, ...shared(options), min_time: min, max_time: max, step }),
    ...reading<R>(),
  };
}

/** A day and a time on the clock of whoever fills it in, without a time zone: `2026-11-25T09:30`. */
export function datetime<const R extends boolean = false>(options: StepOptions<R> = {}): Moment<R> {
  const { min = null, max = null, step = null } = options;
  return {
    element: (name) => ({
      type: 'datetime-local',
      name,
      ...shared(options),
      min_datetime: min,
      max_datetime: max,
      step,
    }),
    ...reading<R>(),
  };
}

/** A month: `2026-11`. */
export function month<const R extends boolean = false>(options: MomentOptions<R> = {}): Moment<R> {
  const { min = null, max = null } = options;
  return {
    element: (name) => ({ type: 'month', name, ...shared(options), min_month: min, max_month: max }),
    ...reading<R>(),
  };
}

/** A week as ISO 8601 counts them: `2026-W48`. */
export function week<const R extends boolean = false>(options: MomentOptions<R> = {}): Moment<R> {
  const { min = null, max = null } = options;
  return {
    element: (name) => ({ type: 'week', name, ...shared(options), min_week: min, max_week: max }),
    ...reading<R>(),
  };
}
