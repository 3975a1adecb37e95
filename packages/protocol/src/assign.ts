import * as z from 'zod';
import { type Role, roleSchema } from './roles.ts';

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

/** Whether `user` may answer a request of an execution that belongs to `owner`. */
export function mayAnswer(
  assign: Assign | undefined,
  user: { readonly name: string; readonly role: Role },
  owner: string,
): boolean {
  if (user.role === 'admin') return true;
  if (assign === undefined) return user.name === owner;
  const { users = [], roles = [], owner: ownerMay = false } = assign;
  return users.includes(user.name) || roles.includes(user.role) || (ownerMay && user.name === owner);
}

/** Who may answer, for people to read: `ada, any member or an administrator`. */
export function whoMayAnswer(assign: Assign | undefined, owner: string): string {
  const { users = [], roles = [], owner: ownerMay = false } = assign ?? { owner: true };
  const names = new Set([...(ownerMay ? [owner] : []), ...users]);
  const first = [...names, ...(roles.includes('member') ? ['any member'] : [])];
  return first.length === 0 ? 'an administrator' : `${first.join(', ')} or an administrator`;
}
