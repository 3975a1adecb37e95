import * as z from 'zod';

/** UUIDv7 in lower case: sorts by time, and is valid as the SDK's own session id. */
export const idSchema = z.uuidv7().brand<'Id'>();
export type Id = z.infer<typeof idSchema>;
