import { errorBodySchema } from '@airlock/protocol/errors';
import * as z from 'zod';

/** Absolute paths of service folders. */
export const foldersSchema = z.array(z.string());

/** What became of the service in a folder. */
export const bundledSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('bundle'),
    folder: z.string(),
    hash: z.string(),
    code: z.string(),
    inputs: z.array(z.string()),
  }),
  z.object({ kind: z.literal('unusable'), folder: z.string(), error: errorBodySchema }),
]);
export type Bundled = z.infer<typeof bundledSchema>;
