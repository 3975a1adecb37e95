import { described, type Field, type FieldOptions, type Optional } from './part.ts';

interface Option<Name extends string> {
  readonly name: Name;
  readonly label: string;
}

interface ChoiceOptions<Name extends string, Required extends boolean> extends FieldOptions {
  /** In the order shown; `name` is what the service gets. */
  readonly options: readonly Option<Name>[];
  readonly value?: NoInfer<Name>;
  readonly required?: Required;
}

const listed = (options: readonly Option<string>[]) => options.map(({ name, label }) => ({ name, label }));

function one(type: 'select' | 'radio') {
  return <const Name extends string, const Required extends boolean = false>(
    options: ChoiceOptions<Name, Required>,
  ): Field<Optional<Name, Required>> => ({
    element: (name) => ({
      type,
      name,
      ...described(options),
      value: options.value ?? null,
      required: options.required ?? false,
      option: listed(options.options),
    }),
    read: (value) => value as Optional<Name, Required>,
  });
}

/** One of several options, in a list that opens. Left empty it yields null, unless it is required. */
export const select = one('select');
/** One of several options, all to be seen. Left empty it yields null, unless it is required. */
export const radio = one('radio');

interface ManyOptions<Name extends string> extends FieldOptions {
  readonly options: readonly Option<Name>[];
  readonly value?: readonly NoInfer<Name>[];
  /** At least one. */
  readonly required?: boolean;
  /** If any is chosen. */
  readonly min?: number;
  readonly max?: number;
}

/** Any number of several options: their names, in the order of the options. */
export function multiselect<const Name extends string>(options: ManyOptions<Name>): Field<Name[]> {
  return {
    element: (name) => ({
      type: 'multiselect',
      name,
      ...described(options),
      value: [...(options.value ?? [])],
      required: options.required ?? false,
      option: listed(options.options),
      min_items: options.min ?? null,
      max_items: options.max ?? null,
    }),
    read: (value) => value as Name[],
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

/** Another button that sends the form: yields `value` if it was the one pressed, else null. */
export function action<const Value extends string>(caption: string, value: Value): Field<Value | null> {
  return {
    element: (name) => ({ type: 'action', name, value, text: caption }),
    read: (given) => given as Value | null,
  };
}
