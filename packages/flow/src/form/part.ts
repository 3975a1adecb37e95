import type { Element } from '@airlock/protocol/elements';

/** A part of a form that takes a value of type `Value`. */
export interface Field<Value> {
  readonly element: (name: string) => Element;
  /** Narrows what validation let through; `undefined` for a field that is not shown. */
  readonly read: (value: unknown) => Value;
}

/** A part of a form that takes no value. */
export interface Fixed {
  readonly element: () => Element;
}

/** Parts under a heading of their own; their values stand beside those of the form. */
export interface Group<P> {
  readonly element: () => Element;
  readonly parts: P;
}

/** Parts that may stand in a group. */
export type GroupParts = Readonly<Record<string, Field<unknown> | Fixed>>;
export type Parts = Readonly<Record<string, Field<unknown> | Fixed | Group<GroupParts>>>;

type OwnValues<P> = {
  [Name in keyof P as P[Name] extends Field<unknown> ? Name : never]: P[Name] extends Field<infer Value>
    ? Value
    : never;
};

type GroupOf<P> = { [Name in keyof P]: P[Name] extends Group<infer Q> ? OwnValues<Q> : never }[keyof P];

type All<U> = (U extends unknown ? (each: U) => void : never) extends (all: infer I) => void ? I : never;

type Flat<T> = { [K in keyof T]: T[K] };

/** What a form yields: a value per field. */
export type FormValues<P extends Parts> = [GroupOf<P>] extends [never]
  ? OwnValues<P>
  : Flat<OwnValues<P> & All<GroupOf<P>>>;

export interface FieldOptions {
  readonly label?: string;
  /** Shown below the field. */
  readonly help?: string;
}

export type Optional<Value, Required extends boolean> = Required extends true ? Value : Value | null;

export const described = (options: FieldOptions) => ({
  label: options.label ?? null,
  ...(options.help === undefined ? {} : { help: options.help }),
});
