import type { Element } from '../elements.ts';
import type { FieldErrors } from '../errors.ts';
import type { Json, JsonObject } from '../json.ts';
import { check } from './check.ts';
import { fieldsOf, isShown } from './fields.ts';

export type Validated =
  | { readonly ok: true; readonly values: JsonObject }
  | { readonly ok: false; readonly fields: FieldErrors };

/** Unknown fields named in an error. */
const mostStrangers = 10;

/** A name in a message: quoted, and short enough to read. */
function quoted(name: string): string {
  return JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name);
}

/**
 * Checks the values of a form against its elements. Absent fields take their defaults; texts may be sent for numbers
 * and `on` for a ticked box, as browsers do. Fields that are not shown are left out, whatever was sent for them. Values
 * that come out go in again unchanged. Fields the form does not have are refused under `_global_`. Depends on nothing but
 * its arguments, so that server and page judge alike.
 */
export function validate(elements: readonly Element[], given: unknown): Validated {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return { ok: false, fields: { _global_: ['Expected an object of values by field name'] } };
  }
  const sent = new Map<string, unknown>(Object.entries(given));
  const values = new Map<string, Json>();
  const problems = new Map<string, string[]>();

  function take(element: Element): void {
    if (!isShown(element, Object.fromEntries(values))) return;
    if (element.type === 'group') for (const each of element.elements) take(each);
    if (!('name' in element)) return;
    const checked = check(element, sent.get(element.name));
    if ('problem' in checked) problems.set(element.name, [checked.problem]);
    else values.set(element.name, checked.value);
  }

  for (const element of elements) take(element);
  const known = new Set(fieldsOf(elements).map(({ name }) => name));
  const strangers = [...sent.keys()].filter((name) => !known.has(name)).slice(0, mostStrangers);
  if (strangers.length > 0)
    problems.set(
      '_global_',
      strangers.map((name) => `The form has no field ${quoted(name)}`),
    );
  if (problems.size > 0) return { ok: false, fields: Object.fromEntries(problems) };
  return { ok: true, values: Object.fromEntries(values) };
}
