import type { FieldElement } from '@airlock/protocol/forms/fields';
import type { ChangeEvent } from 'react';
import type { Draft } from '../../lib/draft.ts';
import { describedBy, inputClass } from '../../ui/field.tsx';

/** The elements of some types. */
export type ElementOf<Type extends FieldElement['type']> = Extract<FieldElement, { type: Type }>;

/** A field a person can see and change. */
export type SeenField = Exclude<FieldElement, { type: 'hidden' | 'action' }>;

/** What every control is given. */
export interface ControlProps<E extends SeenField = SeenField> {
  element: E;
  id: string;
  value: Draft[string] | undefined;
  errors: readonly string[];
  onChange: (name: string, value: Draft[string]) => void;
}

interface Notes {
  help?: string | undefined;
  count?: string | undefined;
}

export function labelOf(element: SeenField): string {
  return element.label?.trim() ? element.label : element.name;
}

export function textOf(value: Draft[string] | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** What inputs that hold a text have in common. */
export function inputAttributes({ element, id, value, errors, onChange }: ControlProps, notes: Notes) {
  return {
    id,
    name: element.name,
    'data-testid': `field-${element.name}`,
    className: inputClass,
    value: textOf(value),
    ...('required' in element && { 'aria-required': element.required }),
    'aria-invalid': errors.length > 0,
    'aria-describedby': describedBy({ id, ...notes }),
    onChange: (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>) =>
      onChange(element.name, event.target.value),
  };
}

/** What a field hands on to its frame: label, help and errors. */
export function frameOf({ element, id, errors }: ControlProps, notes: Notes) {
  return {
    id,
    label: labelOf(element),
    required: 'required' in element && element.required,
    errors,
    ...notes,
  };
}
