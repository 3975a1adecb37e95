import * as z from 'zod';

/** Modes in which Claude works; those in which nobody is asked for anything are not among them. */
export const permissionModeSchema = z.enum(['default', 'acceptEdits', 'plan']);
export type PermissionMode = z.infer<typeof permissionModeSchema>;

export const effortSchema = z.enum(['low', 'medium', 'high', 'max']);

/** What Claude may do without asking again, in the form the CLI suggests and takes it. */
export const grantSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('addRules'),
    behavior: z.literal('allow'),
    rules: z
      .array(z.object({ toolName: z.string().min(1).max(200), ruleContent: z.string().max(4_000).optional() }))
      .min(1)
      .max(50),
  }),
  z.object({ type: z.literal('addDirectories'), directories: z.array(z.string().min(1).max(4_000)).min(1).max(50) }),
  z.object({ type: z.literal('setMode'), mode: permissionModeSchema }),
]);
export type Grant = z.infer<typeof grantSchema>;

/** Most grants in one suggestion. */
export const mostGrants = 20;
