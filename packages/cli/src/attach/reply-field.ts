import type { Element } from '@airlock/protocol/elements';
import { type FieldElement, fieldsOf } from '@airlock/protocol/forms/fields';

function isText({ type }: FieldElement): boolean {
  return type === 'text' || type === 'textarea';
}

/** Whether the form can go without anything being done about this field. */
function isIdle(field: FieldElement): boolean {
  return field.type === 'hidden' || (field.type === 'file' && !field.required);
}

/** The field for words of a form that asks for nothing else, as the reply to Claude does; no other is answered by a line. */
export function replyField(elements: readonly Element[]): string | undefined {
  const fields = fieldsOf(elements).filter((field) => !isIdle(field));
  const [only] = fields;
  return only !== undefined && fields.length === 1 && isText(only) ? only.name : undefined;
}
