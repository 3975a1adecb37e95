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

/** The last time a request was handed on; without `by`: nobody answered in time. */
interface Hand {
  readonly by?: string | undefined;
  readonly to?: Assignee | undefined;
}

interface Asked {
  readonly assign?: Assign | undefined;
  readonly handed?: Hand | undefined;
  /** Who started the execution. */
  readonly owner: string;
}

/** Why a request stands before a user who may answer it, in a sentence for that user. */
export function whyAsked(
  { assign, handed, owner }: Asked,
  user: { readonly name: string; readonly role: Role },
): string {
  const isTo = (to: Assignee) => ('user' in to ? to.user === user.name : to.role === user.role);
  if (handed?.to && isTo(handed.to)) return howHanded(handed, user);
  if (assign?.users?.includes(user.name)) return 'It is for you';
  if (assign?.roles?.includes(user.role)) return `It is for ${everyone(user.role)}`;
  if (user.name === owner && (assign === undefined || assign.owner === true)) return 'You started the execution';
  return `You are an administrator; it is for ${named(assign, owner).join(', ') || 'nobody else'}`;
}

/** How a request was handed on, in a sentence for a user. */
export function howHanded({ by, to }: Hand, user: { readonly name: string }): string {
  const whom = to && ('role' in to ? everyone(to.role) : to.user === user.name ? 'you' : to.user);
  if (by !== undefined) return `${by} handed it on${whom === undefined ? '' : ` to ${whom}`}`;
  return `Nobody answered in time${whom === undefined ? '' : `, so it is for ${whom}, too`}`;
}

function everyone(role: Role): string {
  return role === 'admin' ? 'administrators' : 'every member';
}

/** Who may answer, in words. */
export function whoMayAnswer(assign: Assign | undefined, owner: string): string {
  return [...named(assign, owner), 'administrators'].join(', ');
}

function named(assign: Assign | undefined, owner: string): string[] {
  const { users = [], roles = [] } = assign ?? {};
  const isOwner = assign === undefined || assign.owner === true;
  const names = [...users, ...(isOwner && !users.includes(owner) ? [owner] : [])];
  return [...names, ...(roles.includes('member') ? [everyone('member')] : [])];
}
