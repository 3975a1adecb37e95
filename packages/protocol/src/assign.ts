import * as z from 'zod';
import { roleSchema } from './roles.ts';

/**
 * Who may answer a request, beside administrators: the users named, users of a role named, and the owner of the
 * execution if `owner` is true. Without it: the owner.
 */
export const assignSchema = z.object({
  users: z.array(z.string().min(1).max(100)).max(50).optional(),
  roles: z.array(roleSchema).max(10).optional(),
  owner: z.boolean().optional(),
});
export type Assign = z.infer<typeof assignSchema>;
