import { executionStatusSchema } from '@airlock/protocol/executions';
import * as z from 'zod';

/** The filters of the list, kept in the address. Nonsense there is ignored. */
export const executionsSearchSchema = z.object({
  status: executionStatusSchema.optional().catch(undefined),
  q: z.coerce.string().max(200).optional().catch(undefined),
});
export type ExecutionsSearch = z.infer<typeof executionsSearchSchema>;
