import type { Checked } from './checked.ts';
import { checkAction, checkBoolean, checkColor, checkMany, checkOne } from './choices.ts';
import type { FieldElement } from './fields.ts';
import { checkFiles } from './files.ts';
import { checkArea, checkHidden, checkLine } from './lines.ts';
import { checkMoment } from './moments.ts';
import { checkNumber } from './numbers.ts';

/** Checks what was sent for one field; `undefined` stands for nothing, and takes the default. */
export function check(element: FieldElement, given: unknown): Checked {
  switch (element.type) {
    case 'text':
    case 'email':
    case 'url':
    case 'tel':
    case 'search':
    case 'password':
      return checkLine(element, given);
    case 'textarea':
      return checkArea(element, given);
    case 'hidden':
      return checkHidden(element, given);
    case 'number':
    case 'range':
      return checkNumber(element, given);
    case 'date':
    case 'time':
    case 'datetime-local':
    case 'month':
    case 'week':
      return checkMoment(element, given);
    case 'select':
    case 'radio':
      return checkOne(element, given);
    case 'multiselect':
      return checkMany(element, given);
    case 'boolean':
      return checkBoolean(element, given);
    case 'color':
      return checkColor(element, given);
    case 'file':
      return checkFiles(element, given);
    case 'action':
      return checkAction(element, given);
  }
}

/** What is wrong with a value, in words for people; empty when nothing is. */
export function checkField(element: FieldElement, value: unknown): string[] {
  const checked = check(element, value);
  return 'problem' in checked ? [checked.problem] : [];
}
