import type { Element } from '@airlock/protocol/elements';
import type { Field, FieldOptions, Fixed, Group, GroupParts } from './part.ts';

type Scalar = string | number | boolean;
type Flat = Exclude<Element, { type: 'group' }>;

interface GroupOptions extends Pick<FieldOptions, 'help'> {
  readonly label: string;
}

/** Parts under a heading of their own. Groups do not nest: `form` says so. */
export function group<P extends GroupParts>(options: GroupOptions, parts: P): Group<P> {
  return {
    element: () => ({
      type: 'group',
      label: options.label,
      ...(options.help === undefined ? {} : { help: options.help }),
      elements: Object.entries(parts).map(([name, part]) => part.element(name) as Flat),
    }),
    parts,
  };
}

type Hideable<P> = { [Name in keyof P]: P[Name] extends Field<infer Value> ? Field<Value | undefined> : P[Name] };

/**
 * A part that is there only while the field named `field`, which comes before it, has one of the values `is`; for a
 * multiselect, while one of them is chosen. What is not shown is not required and not sent: it yields undefined.
 */
export function showIf<Value>(
  field: string,
  is: Scalar | readonly Scalar[],
  part: Field<Value>,
): Field<Value | undefined>;
export function showIf<P extends GroupParts>(
  field: string,
  is: Scalar | readonly Scalar[],
  part: Group<P>,
): Group<Hideable<P>>;
export function showIf(field: string, is: Scalar | readonly Scalar[], part: Fixed): Fixed;
export function showIf(
  field: string,
  is: Scalar | readonly Scalar[],
  part: Field<unknown> | Group<GroupParts> | Fixed,
): Field<unknown> | Group<GroupParts> | Fixed {
  const show_if = { field, is: typeof is === 'object' ? [...is] : [is] };
  const element = (name: string): Element => ({ ...part.element(name), show_if }) as Element;
  return { ...(part as Field<unknown>), element };
}
