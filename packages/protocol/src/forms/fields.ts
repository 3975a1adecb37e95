import type { Element } from '../elements.ts';
import type { JsonObject } from '../json.ts';

/** An element with a value of its own. */
export type FieldElement = Extract<Element, { name: string }>;

/** Every field, those in groups included, in the order shown. */
export function fieldsOf(elements: readonly Element[]): FieldElement[] {
  return elements.flatMap((element) => {
    if (element.type === 'group') return fieldsOf(element.elements);
    return 'name' in element ? [element] : [];
  });
}

/** Whether its own condition holds; `values` are those of the fields before it that are shown. */
export function isShown(element: Element, values: JsonObject): boolean {
  const condition = 'show_if' in element ? element.show_if : undefined;
  if (condition === undefined) return true;
  const value = Object.hasOwn(values, condition.field) ? values[condition.field] : null;
  return condition.is.some((wanted) => (Array.isArray(value) ? value.includes(wanted) : value === wanted));
}
