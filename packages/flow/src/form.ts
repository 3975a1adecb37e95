import { type Element, elementsSchema } from '@airlock/protocol/elements';
import { AirlockError } from '@airlock/protocol/errors';
import { problemsOfForm } from '@airlock/protocol/forms/definition';
import { validate } from '@airlock/protocol/forms/validate';
import { fieldErrorsOf } from '@airlock/protocol/issues';
import type { Field, FormValues, Parts } from './form/part.ts';

export { action, checkbox, multiselect, radio, select } from './form/choices.ts';
export { group, showIf } from './form/compose.ts';
export { type FileInput, file, files } from './form/files.ts';
export { cancel, errors, hr, html, lineBreak, markdown, submit } from './form/fixed.ts';
export { date, datetime, month, time, week } from './form/moments.ts';
export { number, range } from './form/numbers.ts';
export type { Field, Fixed, FormValues, Group, Parts } from './form/part.ts';
export { color, email, hidden, password, search, tel, text, textarea, url } from './form/texts.ts';

/** A form as people see it, and the type of what it yields. */
export interface Form<Values> {
  readonly elements: readonly Element[];
  /** Checks and narrows values; throws an `invalid_inputs` error with messages by field. */
  parse(values: unknown): Values;
}

function fieldsIn(parts: Parts): [string, Field<unknown>][] {
  return Object.entries(parts).flatMap(([name, part]) => {
    if ('parts' in part) return fieldsIn(part.parts);
    return 'read' in part ? [[name, part] as [string, Field<unknown>]] : [];
  });
}

function unusable(problems: readonly string[]): AirlockError {
  return new AirlockError('service_not_loaded', `A form cannot be used: ${problems.join('; ')}`);
}

function elementsOf(parts: Parts): readonly Element[] {
  const checked = elementsSchema.safeParse(Object.entries(parts).map(([name, part]) => part.element(name)));
  if (!checked.success) {
    throw unusable(
      Object.entries(fieldErrorsOf(checked.error.issues)).map(([at, words]) => `${at}: ${words.join(', ')}`),
    );
  }
  const problems = problemsOfForm(checked.data);
  if (problems.length > 0) throw unusable(problems);
  return checked.data;
}

/**
 * A form of named parts, in the order written. The names of parts without a value (`markdown`, `submit`, `group`…) are
 * not used. Throws a `service_not_loaded` error when a name or an option cannot be used.
 */
export function form<P extends Parts>(parts: P): Form<FormValues<P>> {
  const elements = elementsOf(parts);
  const fields = fieldsIn(parts);
  return {
    elements,
    parse(given) {
      const result = validate(elements, given);
      if (!result.ok) throw new AirlockError('invalid_inputs', 'The form was not taken', { fields: result.fields });
      const { values } = result;
      const shown = fields.filter(([name]) => Object.hasOwn(values, name));
      return Object.fromEntries(shown.map(([name, part]) => [name, part.read(values[name])])) as FormValues<P>;
    },
  };
}
