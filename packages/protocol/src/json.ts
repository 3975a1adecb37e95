import * as z from 'zod';

/** Any value that survives a round trip through JSON. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

export const jsonSchema: z.ZodType<Json> = z.json() as z.ZodType<Json>;

/** An object whose values are JSON: form values, service inputs, tool inputs. */
export const jsonObjectSchema = z.record(z.string(), jsonSchema);
export type JsonObject = { [key: string]: Json };
