import { AirlockError } from '@airlock/protocol/errors';
import type * as z from 'zod';

/** Parses a JSON column; `where` names the row in the error when it does not fit. */
export function fromJson<T>(schema: z.ZodType<T>, text: string, where: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new AirlockError('store_unusable', `${where} cannot be read`, { cause });
  }
}
