import * as z from 'zod';

/** Any value that survives a round trip through JSON. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

// The description for OpenAPI stands here because its generator cannot follow a schema that contains itself.
export const jsonSchema: z.ZodType<Json> = (z.json() as z.ZodType<Json>).meta({
  type: ['object', 'array', 'string', 'number', 'boolean', 'null'],
  description: 'Any JSON',
});

/** An object whose values are JSON: form values, service inputs, tool inputs. */
export const jsonObjectSchema = z.record(z.string(), jsonSchema);
export type JsonObject = { [key: string]: Json };
