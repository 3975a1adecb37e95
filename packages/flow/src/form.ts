import { type Element, elementsSchema } from '@airlock/protocol/elements';
import { AirlockError } from '@airlock/protocol/errors';
import { validate } from './validate.ts';

/** A part of a form that takes a value of type `Value`. */
export interface Field<Value> {
  readonly element: (name: string) => Element;
  /** Narrows what `validate` let through. */
  readonly read: (value: unknown) => Value;
}

/** A part of a form that takes no value. */
export interface Fixed {
  readonly element: () => Element;
}

export type Parts = Readonly<Record<string, Field<unknown> | Fixed>>;

/** What a form yields: a value per field. */
export type FormValues<P extends Parts> = {
  [Name in keyof P as P[Name] extends Field<unknown> ? Name : never]: P[Name] extends Field<infer Value>
    ? Value
    : never;
};

/** A form as people see it, and the type of what it yields. */
export interface Form<Values> {
  readonly elements: readonly Element[];
  /** Checks and narrows values; throws an `invalid_inputs` error with messages by field. */
  parse(values: unknown): Values;
}

interface FieldOptions {
  readonly label?: string;
  readonly help?: string;
}

interface TextOptions extends FieldOptions {
  readonly value?: string;
  /** A text of blanks counts as none. Default false. */
  readonly required?: boolean;
  readonly placeholder?: string;
  /** In UTF-16 units, as browsers count. Default 100,000. */
  readonly maxLength?: number;
}

const described = (options: FieldOptions) => ({
  label: options.label ?? null,
  ...(options.help === undefined ? {} : { help: options.help }),
});

const readText = (value: unknown): string => (typeof value === 'string' ? value : '');

/** One line of text. Left empty it yields ''. */
export function text(options: TextOptions = {}): Field<string> {
  return {
    element: (name) => ({
      type: 'text',
      name,
      ...described(options),
      value: options.value ?? null,
      required: options.required ?? false,
      placeholder: options.placeholder ?? null,
      max_length: options.maxLength ?? null,
    }),
    read: readText,
  };
}

/** Text of any number of lines. Left empty it yields ''. */
export function textarea(options: TextOptions & { readonly rows?: number } = {}): Field<string> {
  return {
    element: (name) => ({
      type: 'textarea',
      name,
      ...described(options),
      value: options.value ?? null,
      required: options.required ?? false,
      placeholder: options.placeholder ?? null,
      rows: options.rows ?? null,
      max_length: options.maxLength ?? null,
    }),
    read: readText,
  };
}

interface NumberOptions<Required extends boolean> extends FieldOptions {
  readonly value?: number;
  readonly required?: Required;
  readonly placeholder?: string;
  readonly min?: number;
  readonly max?: number;
  /** Only `min` (or 0) plus multiples of this are taken. */
  readonly step?: number;
}

type Optional<Value, Required extends boolean> = Required extends true ? Value : Value | null;

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

/** A box to tick. `option` is the caption beside it. */
export function checkbox(
  options: FieldOptions & { readonly value?: boolean; readonly option?: string } = {},
): Field<boolean> {
  return {
    element: (name) => ({
      type: 'boolean',
      name,
      ...described(options),
      value: options.value ?? false,
      option: options.option ?? null,
    }),
    read: (value) => value === true,
  };
}

interface SelectOptions<Name extends string, Required extends boolean> extends FieldOptions {
  /** In the order shown; `name` is what the service gets. */
  readonly options: readonly { readonly name: Name; readonly label: string }[];
  readonly value?: NoInfer<Name>;
  readonly required?: Required;
}

/** One of several options. Left empty it yields null, unless it is required. */
export function select<const Name extends string, const Required extends boolean = false>(
  options: SelectOptions<Name, Required>,
): Field<Optional<Name, Required>> {
  return {
    element: (name) => ({
      type: 'select',
      name,
      ...described(options),
      value: options.value ?? null,
      required: options.required ?? false,
      option: options.options.map((option) => ({ name: option.name, label: option.label })),
    }),
    read: (value) => value as Optional<Name, Required>,
  };
}

/** Markdown between fields; common leading blanks of its lines are removed. */
export function markdown(body: string): Fixed {
  const lines = body.replace(/^\n|\n[ \t]*$/g, '').split('\n');
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/));
  const indent = Math.min(...indents, body.length);
  return { element: () => ({ type: 'markdown', text: lines.map((line) => line.slice(indent)).join('\n') }) };
}

/** The button that sends the form. */
export function submit(caption: string): Fixed {
  return { element: () => ({ type: 'submit', text: caption }) };
}

/** The button that leaves the form; nothing is sent. */
export function cancel(caption: string): Fixed {
  return { element: () => ({ type: 'cancel', text: caption }) };
}

const reservedNames = new Set(['constructor', 'prototype', '_global_']);

/**
 * A form of named parts, in the order written. The names of parts without a value (`markdown`, `submit`, `cancel`) are
 * not used. Throws a `service_not_loaded` error when a name or an option cannot be used.
 */
export function form<P extends Parts>(parts: P): Form<FormValues<P>> {
  const entries = Object.entries(parts);
  const reserved = entries.find(([name, part]) => 'read' in part && reservedNames.has(name));
  if (reserved !== undefined) throw new AirlockError('service_not_loaded', `A field cannot be named "${reserved[0]}"`);
  const checked = elementsSchema.safeParse(entries.map(([name, part]) => part.element(name)));
  if (!checked.success) throw new AirlockError('service_not_loaded', `A form is not valid: ${checked.error.message}`);
  const elements = checked.data;
  return {
    elements,
    parse(values) {
      const result = validate(elements, values);
      if (!result.ok) throw new AirlockError('invalid_inputs', 'The form was not taken', { fields: result.fields });
      const read = entries.flatMap(([name, part]) => ('read' in part ? [[name, part.read(result.values[name])]] : []));
      return Object.fromEntries(read) as FormValues<P>;
    },
  };
}
