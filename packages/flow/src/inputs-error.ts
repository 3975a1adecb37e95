import type { FieldErrors } from '@airlock/protocol/errors';

/**
 * Thrown by a lease to refuse an answer: the person sees the messages at their fields and the request stays open.
 * A text alone belongs to no field.
 */
export class InputsError extends Error {
  readonly fields: FieldErrors;

  constructor(messages: string | Readonly<Record<string, string | readonly string[]>>) {
    const byField = typeof messages === 'string' ? { _global_: messages } : messages;
    const entries = Object.entries(byField).map(([name, texts]) => [
      name,
      typeof texts === 'string' ? [texts] : [...texts],
    ]);
    super('The answer was refused');
    this.name = 'InputsError';
    this.fields = Object.fromEntries(entries);
  }
}
