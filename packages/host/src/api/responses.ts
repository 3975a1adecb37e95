import { errorBodySchema } from '@airlock/protocol/errors';
import * as z from 'zod';

/** A JSON response of an OpenAPI route. */
export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

/** Every route may answer with an error in one form. */
export const failure = {
  default: json(z.object({ error: errorBodySchema }), 'An error: what happened and what to do'),
} as const;

export function jsonBody<T extends z.ZodType>(schema: T) {
  return { required: true, content: { 'application/json': { schema } } };
}

export const idParam = z.object({ id: z.uuid() });

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(100).optional(),
});
