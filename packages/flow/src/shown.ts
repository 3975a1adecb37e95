import { AirlockError } from '@airlock/protocol/errors';
import { type Shown, shownSchema } from '@airlock/protocol/events';
import { jsonSchema } from '@airlock/protocol/json';

/** A value as people see it: a text is Markdown, `{type, body}` is itself, nothing is "Done", the rest is JSON. */
export function toShown(value: unknown): Shown {
  if (typeof value === 'string') return { type: 'markdown', body: value };
  if (value === undefined || value === null) return { type: 'text', body: 'Done' };
  const shown = shownSchema.safeParse(value);
  if (shown.success) return shown.data;
  const json = jsonSchema.safeParse(value);
  if (json.success) return { type: 'json', body: json.data };
  throw new AirlockError('service_failed', 'A value to show is not JSON: return text, or plain objects of JSON values');
}
