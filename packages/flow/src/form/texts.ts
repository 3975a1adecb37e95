import { described, type Field, type FieldOptions } from './part.ts';

interface TextOptions extends FieldOptions {
  readonly value?: string;
  /** A text of blanks counts as none. Default false. */
  readonly required?: boolean;
  readonly placeholder?: string;
  /** In UTF-16 units, as browsers count; an empty text is always short enough. */
  readonly minLength?: number;
  /** In UTF-16 units. Default 100,000. */
  readonly maxLength?: number;
}

interface LineOptions extends TextOptions {
  /** The whole value must match, as in HTML. No look-around, no back references. */
  readonly pattern?: string;
  /** Width of the field in characters. */
  readonly size?: number;
}

const readText = (value: unknown): string => (typeof value === 'string' ? value : '');

const shared = (options: TextOptions) => ({
  ...described(options),
  value: options.value ?? null,
  required: options.required ?? false,
  placeholder: options.placeholder ?? null,
  ...(options.minLength === undefined ? {} : { min_length: options.minLength }),
  max_length: options.maxLength ?? null,
});

function line(type: 'text' | 'email' | 'url' | 'tel' | 'search' | 'password') {
  return (options: LineOptions = {}): Field<string> => ({
    element: (name) => ({
      type,
      name,
      ...shared(options),
      ...(options.pattern === undefined ? {} : { pattern: options.pattern }),
      ...(options.size === undefined ? {} : { size: options.size }),
    }),
    read: readText,
  });
}

/** One line of text. Left empty it yields '', as all lines do. */
export const text = line('text');
export const email = line('email');
/** A whole address: http, https or mailto. */
export const url = line('url');
export const tel = line('tel');
export const search = line('search');
/** A line nobody can read over a shoulder; it is stored as it is, like every other value. */
export const password = line('password');

/** Text of any number of lines. Left empty it yields ''. */
export function textarea(
  options: TextOptions & { readonly rows?: number; readonly cols?: number } = {},
): Field<string> {
  return {
    element: (name) => ({
      type: 'textarea',
      name,
      ...shared(options),
      rows: options.rows ?? null,
      ...(options.cols === undefined ? {} : { cols: options.cols }),
    }),
    read: readText,
  };
}

/** A value people do not see. They can change it all the same: it proves nothing. */
export function hidden(value: string): Field<string> {
  return { element: (name) => ({ type: 'hidden', name, value }), read: readText };
}

/** A colour as `#1e90ff`, in small letters. */
export function color(options: FieldOptions & { readonly value?: string } = {}): Field<string> {
  return {
    element: (name) => ({ type: 'color', name, ...described(options), value: options.value ?? '#000000' }),
    read: readText,
  };
}
