import type { Element } from '@airlock/protocol/elements';
import type { FieldErrors } from '@airlock/protocol/errors';
import { type FieldElement, fieldsOf, isShown } from '@airlock/protocol/forms/fields';
import { type Json, type JsonObject, jsonSchema } from '@airlock/protocol/json';
import { chosenIn, type Draft } from '../../lib/draft.ts';
import { draftFilesIn, toFileRef } from './draft-file.ts';

/** The button that sends a form, when it is one of its own actions. */
export type Pressed = Extract<FieldElement, { type: 'action' }>;

/** What the fields hold before anybody types. What nobody can change is not part of it. */
export function initialValues(elements: readonly Element[]): Draft {
  return Object.fromEntries(
    fieldsOf(elements).flatMap((element) => {
      if (element.type === 'hidden' || element.type === 'action') return [];
      return [[element.name, initialValue(element)]];
    }),
  );
}

function initialValue(element: Exclude<FieldElement, { type: 'hidden' | 'action' }>): Draft[string] {
  if (element.type === 'file') return [];
  if (element.type === 'boolean' || element.type === 'multiselect') return element.value;
  return element.value === null ? '' : String(element.value);
}

/** The elements to be seen now: a field counts for the conditions of later ones only while it is shown itself. */
export function shownElements(elements: readonly Element[], draft: Draft): Element[] {
  const values: JsonObject = {};
  const keep = <E extends Element>(element: E): E[] => {
    if (!isShown(element, values)) return [];
    if ('name' in element) values[element.name] = toInput(element, draft, null);
    return [element];
  };
  return elements.flatMap((element): Element[] => {
    if (element.type !== 'group') return keep(element);
    return keep(element).map((group) => ({ ...group, elements: group.elements.flatMap(keep) }));
  });
}

/** The values of the shown fields, as the server wants them. */
export function toInputs(elements: readonly Element[], draft: Draft, pressed: Pressed | null = null): JsonObject {
  const fields = fieldsOf(shownElements(elements, draft));
  return Object.fromEntries(fields.map((element) => [element.name, toInput(element, draft, pressed)]));
}

/** A number that is none goes as typed, so that it can be said. */
export function toInput(element: FieldElement, draft: Draft, pressed: Pressed | null): Json {
  const value = draft[element.name] ?? '';
  switch (element.type) {
    case 'hidden':
      return element.value;
    case 'action':
      return element === pressed ? element.value : null;
    case 'boolean':
      return value === true;
    case 'multiselect':
      return inOrder(element, chosenIn(value));
    case 'file':
      return jsonSchema.parse(draftFilesIn(value).map(toFileRef));
    case 'number':
    case 'range':
      return toNumber(value);
    case 'text':
    case 'email':
    case 'url':
    case 'tel':
    case 'search':
    case 'password':
    case 'textarea':
    case 'color':
      return typeof value === 'string' ? value : '';
    case 'select':
    case 'radio':
    case 'date':
    case 'time':
    case 'datetime-local':
    case 'month':
    case 'week':
      return typeof value === 'string' && value !== '' ? value : null;
  }
}

function toNumber(typed: Draft[string]): Json {
  if (typeof typed !== 'string' || typed.trim() === '') return null;
  const number = Number(typed);
  return Number.isFinite(number) ? number : typed;
}

/** As the options stand, whatever the order in which they were ticked. */
function inOrder({ option }: Extract<FieldElement, { type: 'multiselect' }>, chosen: readonly string[]): string[] {
  return option.map(({ name }) => name).filter((name) => chosen.includes(name));
}

/** Errors of no field that can be seen: the global ones, and those of hidden fields and unknown names. */
export function otherErrors(elements: readonly Element[], errors: FieldErrors): string[] {
  const seen = fieldsOf(elements).filter(({ type }) => type !== 'hidden' && type !== 'action');
  const names = new Set(seen.map(({ name }) => name));
  return Object.entries(errors).flatMap(([name, messages]) => {
    if (names.has(name)) return [];
    return name === '_global_' ? messages : messages.map((message) => `${name}: ${message}`);
  });
}
