import { described, type Field, type FieldOptions, type Optional } from './part.ts';

interface NumberOptions<Required extends boolean> extends FieldOptions {
  readonly value?: number;
  readonly required?: Required;
  readonly placeholder?: string;
  readonly min?: number;
  readonly max?: number;
  /** Only `min` (or 0) plus multiples of this are taken. */
  readonly step?: number;
}

/** A number. Left empty it yields null, unless it is required. */
export function number<const Required extends boolean = false>(
  options: NumberOptions<Required> = {},
): Field<Optional<number, Required>> {
  return {
    element: (name) => ({
      type: 'number',
      name,
      ...described(options),
      value: options.value ?? null,
      required: options.required ?? false,
      placeholder: options.placeholder ?? null,
      min_value: options.min ?? null,
      max_value: options.max ?? null,
      step: options.step ?? null,
    }),
    read: (value) => value as Optional<number, Required>,
  };
}

interface RangeOptions extends FieldOptions {
  readonly min: number;
  readonly max: number;
  /** Default 1. */
  readonly step?: number;
  /** Default `min`. */
  readonly value?: number;
}

/** A number chosen with a slider. */
export function range(options: RangeOptions): Field<number> {
  return {
    element: (name) => ({
      type: 'range',
      name,
      ...described(options),
      value: options.value ?? options.min,
      min_value: options.min,
      max_value: options.max,
      step: options.step ?? 1,
    }),
    read: (value) => value as number,
  };
}
