import type { Element } from '@airlock/protocol/elements';
import type { Json, JsonObject } from '@airlock/protocol/json';

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
  const value = values[condition.field] ?? null;
  return condition.is.some((wanted) => (Array.isArray(value) ? value.includes(wanted) : value === wanted));
}

/** What is wrong with a value as it would be sent; empty when nothing is. */
export function checkField(element: FieldElement, value: Json): string[] {
  const required = 'required' in element && element.required;
  const empty = typeof value === 'string' ? value.trim() === '' : value === null || Object.keys(value).length === 0;
  return required && typeof value !== 'number' && empty ? ['A value is required'] : [];
}
