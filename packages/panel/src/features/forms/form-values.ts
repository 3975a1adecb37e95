import type { Element } from '@airlock/protocol/elements';
import type { FieldErrors } from '@airlock/protocol/errors';
import type { Json, JsonObject } from '@airlock/protocol/json';
import type { Draft } from '../../lib/draft.ts';

export type FieldElement = Exclude<Element, { type: 'markdown' | 'submit' | 'cancel' }>;

export function isField(element: Element): element is FieldElement {
  return element.type !== 'markdown' && element.type !== 'submit' && element.type !== 'cancel';
}

/** What the fields hold before anybody types. */
export function initialValues(elements: readonly Element[]): Draft {
  return Object.fromEntries(elements.filter(isField).map((element) => [element.name, initialValue(element)]));
}

function initialValue(element: FieldElement): string | boolean {
  if (element.type === 'boolean') return element.value;
  if (element.type === 'select' && element.value === null && element.required) return element.option[0]?.name ?? '';
  return element.value === null ? '' : String(element.value);
}

/** The values as the server wants them. A number that is none goes as typed, so that the server can say so. */
export function toInputs(elements: readonly Element[], draft: Draft): JsonObject {
  return Object.fromEntries(elements.filter(isField).map((element) => [element.name, toInput(element, draft)]));
}

function toInput(element: FieldElement, draft: Draft): Json {
  const value = draft[element.name] ?? '';
  if (element.type === 'boolean') return value === true;
  if (typeof value !== 'string') return null;
  if (element.type === 'number') return toNumber(value);
  if (element.type === 'select' && value === '') return null;
  return value;
}

function toNumber(typed: string): Json {
  if (typed.trim() === '') return null;
  const number = Number(typed);
  return Number.isFinite(number) ? number : typed;
}

/** Errors of no field shown: the global ones, and those of names the form does not have. */
export function otherErrors(elements: readonly Element[], errors: FieldErrors): string[] {
  const names = new Set(elements.filter(isField).map((element) => element.name));
  return Object.entries(errors).flatMap(([name, messages]) => {
    if (names.has(name)) return [];
    return name === '_global_' ? messages : messages.map((message) => `${name}: ${message}`);
  });
}
