import * as z from 'zod';

/** What lies at a path of a workspace. Links are never followed. */
export const workspaceKindSchema = z.enum(['file', 'folder', 'link', 'pipe', 'socket', 'device']);
export type WorkspaceKind = z.infer<typeof workspaceKindSchema>;

/** One thing in a workspace. */
export const workspaceEntrySchema = z.object({
  /** Below the workspace, to be read; a byte that is no UTF-8, or a control character, stands as `\xff`. */
  path: z.string(),
  /** The same for an address, percent-encoded: itself, or `~` and its bytes in base64url. */
  address: z.string(),
  kind: workspaceKindSchema,
  /** In bytes; 0 of what is no file. */
  size: z.number().int().nonnegative(),
  /** When it was written last. */
  at: z.iso.datetime(),
  /** Where a link says it leads, to be read. */
  target: z.string().optional(),
  /** Names the file has; 1 unless there are hard links to it. */
  links: z.number().int().positive(),
  /** How it differs from the start of the conversation; left out when it does not. */
  change: z.enum(['added', 'changed', 'removed']).optional(),
});
export type WorkspaceEntry = z.infer<typeof workspaceEntrySchema>;

/** A turn after which the workspace was looked at; 1 is the first. */
const workspaceTurnSchema = z.object({
  turn: z.number().int().positive(),
  at: z.iso.datetime(),
  /** How many things it added, changed and removed. */
  changes: z.number().int().nonnegative(),
});

/** A folder of a session's workspace as it is now, or was. */
export const workspaceSchema = z.object({
  session: z.object({ id: z.string(), name: z.string() }),
  /** Every session of the execution. */
  sessions: z.array(z.object({ id: z.string(), name: z.string() })),
  turns: z.array(workspaceTurnSchema),
  /** Whether the workspace holds more than is looked at: then things are missing here. */
  isCut: z.boolean(),
  items: z.array(workspaceEntrySchema),
  next: z.string().nullable(),
});
export type Workspace = z.infer<typeof workspaceSchema>;

/** Why there is no difference to be read. */
export const noDiffSchema = z.enum(['no_file', 'binary', 'too_large', 'not_kept', 'list_full']);
export type NoDiff = z.infer<typeof noDiffSchema>;

export const workspaceChangeSchema = z.object({
  path: z.string(),
  address: z.string(),
  change: z.enum(['added', 'changed', 'removed']),
  kind: workspaceKindSchema,
  size: z.number().int().nonnegative(),
  /** In the form of `diff -u`, without the names; left out when not asked for, or when `noDiff` says why. */
  diff: z.string().optional(),
  noDiff: noDiffSchema.optional(),
});
export type WorkspaceChange = z.infer<typeof workspaceChangeSchema>;

export const workspaceChangesSchema = z.object({
  /** Everything that differs, also what is not in `items`. */
  total: z.number().int().nonnegative(),
  isCut: z.boolean(),
  items: z.array(workspaceChangeSchema),
  next: z.string().nullable(),
});
export type WorkspaceChanges = z.infer<typeof workspaceChangesSchema>;

/** A moment of a workspace: before the first prompt, after a turn, or now. */
export const workspaceMomentSchema = z.union([
  z.enum(['start', 'now']),
  z.coerce.number('must be start, now or the number of a turn').int().positive(),
]);
export type WorkspaceMoment = z.infer<typeof workspaceMomentSchema>;
