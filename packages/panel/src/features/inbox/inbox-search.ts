import * as z from 'zod';

/** The filter of the inbox, kept in the address. Nonsense there is ignored. */
export const inboxSearchSchema = z.object({
  kind: z.enum(['form', 'tool', 'question', 'plan', 'elicitation']).optional().catch(undefined),
});
export type InboxSearch = z.infer<typeof inboxSearchSchema>;
