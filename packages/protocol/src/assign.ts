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

/** Somebody a request can be given to. */
export const assigneeSchema = z.union([
  z.strictObject({ user: z.string().min(1).max(100) }),
  z.strictObject({ role: roleSchema }),
]);
export type Assignee = z.infer<typeof assigneeSchema>;

/** Whether a user may answer a request of an execution that `owner` started. */
export function mayAnswer(
  assign: Assign | undefined,
  user: { readonly name: string; readonly role: Role },
  owner: string,
): boolean {
  if (user.role === 'admin') return true;
  if (assign === undefined) return user.name === owner;
  const { users = [], roles = [] } = assign;
  return users.includes(user.name) || roles.includes(user.role) || (assign.owner === true && user.name === owner);
}

/** Who may answer, in words. */
export function whoMayAnswer(assign: Assign | undefined, owner: string): string {
  const { users = [], roles = [] } = assign ?? {};
  const isOwner = assign === undefined || assign.owner === true;
  const names = [...users, ...(isOwner && !users.includes(owner) ? [owner] : [])];
  const groups = roles.includes('member') ? ['every member'] : [];
  return [...names, ...groups, 'administrators'].join(', ');
}
