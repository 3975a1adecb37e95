import type { Element } from '../elements.ts';
import { checkField } from './check.ts';
import type { FieldElement } from './fields.ts';
import { boundsOf, momentOf } from './moments.ts';
import { problemOfPattern } from './patterns.ts';

const reserved = new Set(['constructor', 'prototype', '_global_']);

/** What makes a form unusable, in words for whoever wrote it; empty when nothing does. */
export function problemsOfForm(elements: readonly Element[]): string[] {
  const problems: string[] = [];
  const before = new Set<string>();

  function look(element: Element): void {
    const condition = 'show_if' in element ? element.show_if : undefined;
    if (condition && !before.has(condition.field)) {
      const what = 'name' in element ? `Field "${element.name}"` : `A part of type ${element.type}`;
      problems.push(`${what} is shown by "${condition.field}", which is no field before it`);
    }
    if (element.type === 'group') for (const each of element.elements) look(each);
    if (!('name' in element)) return;
    if (before.has(element.name)) problems.push(`Two fields are named "${element.name}": give each a name of its own`);
    before.add(element.name);
    problems.push(...problemsOfField(element).map((problem) => `Field "${element.name}": ${problem}`));
  }

  for (const element of elements) look(element);
  return problems;
}

function problemsOfField(element: FieldElement): string[] {
  if (reserved.has(element.name)) return ['this name is taken, use another'];
  const own = problemsOfType(element);
  return own.length > 0 ? own : problemsOfDefault(element);
}

function problemsOfType(element: FieldElement): string[] {
  switch (element.type) {
    case 'text':
    case 'email':
    case 'url':
    case 'tel':
    case 'search':
    case 'password': {
      const problem = element.pattern ? problemOfPattern(element.pattern) : undefined;
      const order = inOrder(element.min_length ?? null, element.max_length);
      return problem === undefined ? order : [`the pattern cannot be used (${problem})`, ...order];
    }
    case 'textarea':
      return inOrder(element.min_length ?? null, element.max_length);
    case 'number':
    case 'range':
      return inOrder(element.min_value, element.max_value);
    case 'date':
    case 'time':
    case 'datetime-local':
    case 'month':
    case 'week': {
      const { least, most } = boundsOf(element);
      const [from, to] = [least, most].map((bound) => (bound === null ? null : momentOf(element.type, bound)));
      if (from === undefined) return [`its least value "${least}" is no ${element.type}`];
      if (to === undefined) return [`its greatest value "${most}" is no ${element.type}`];
      return inOrder(from, to);
    }
    case 'select':
    case 'radio':
    case 'multiselect': {
      const names = element.option.map(({ name }) => name);
      const twice = names.find((name, at) => names.indexOf(name) !== at);
      const bounds = element.type === 'multiselect' ? inOrder(element.min_items, element.max_items) : [];
      return twice === undefined ? bounds : [`two options are named "${twice}"`, ...bounds];
    }
    case 'file':
      return element.multiple || element.directory || element.max_files === null
        ? []
        : ['it takes one file, so that max_files says nothing: leave it out, or set multiple'];
    default:
      return [];
  }
}

function inOrder(least: number | null, most: number | null): string[] {
  return least !== null && most !== null && least > most ? ['its least value is more than its greatest'] : [];
}

/** A default is judged as if somebody had sent it; none at all is fine. */
function problemsOfDefault(element: FieldElement): string[] {
  if (element.type === 'action' || element.type === 'file') return [];
  const { value } = element;
  const isNone = value === null || value === '' || (Array.isArray(value) && value.length === 0);
  return isNone ? [] : checkField(element, value).map((problem) => `its default does not fit (${problem})`);
}
