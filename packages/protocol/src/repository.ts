import * as z from 'zod';
import { secretNamePattern } from './mcp.ts';

const loopback = ['localhost', '127.0.0.1', '[::1]'];

/** Why an address is none to clone from; undefined when it is one. */
function problemOf(text: string): string | undefined {
  if (!URL.canParse(text)) return 'This is no URL';
  const { protocol, hostname, username, password, search, hash } = new URL(text);
  const isOwn = protocol === 'http:' && loopback.includes(hostname);
  if (protocol !== 'https:' && !isOwn) return 'A repository is reached by https, or by http on this machine';
  if (username !== '' || password !== '') return 'An address must hold no password: name a secret as `token`';
  return search === '' && hash === '' ? undefined : 'An address of a repository has no ? and no #';
}

/** A name git takes for a branch or a tag, or a commit. */
const refName = /^(?![-/.])(?!.*(?:\.\.|\/\/|@\{|\.lock(?:\/|$)|\/\.|[./]$))[A-Za-z0-9._/+@#-]{1,200}$/;

export const branchNameSchema = z.string().regex(refName, 'This is no name of a branch');

/** A git repository in which a session begins. It is cloned by the host; the container reaches no server. */
export const repositorySchema = z.strictObject({
  url: z
    .string()
    .max(2_000)
    .superRefine((text, { addIssue }) => {
      const problem = problemOf(text);
      if (problem !== undefined) addIssue(problem);
    }),
  /** A branch, a tag, or a whole commit id; the default branch when left out. */
  ref: z.string().regex(refName, 'This is no branch, tag or commit').optional(),
  /** A secret by its name, `{{NAME}}`: sent as the password, by the host alone. */
  token: z
    .string()
    .refine(
      (text) => secretNamePattern.test(/^\{\{(.*)\}\}$/.exec(text)?.[1] ?? ''),
      'A token is named {{LIKE_THIS}}: the secret itself is a setting',
    )
    .optional(),
});
export type Repository = z.infer<typeof repositorySchema>;

const commitSchema = z.string().regex(/^[0-9a-f]{40}$/);

/** What can be pushed. */
export const preparedSchema = z.object({
  /** Where it would be pushed. */
  url: z.string(),
  /** Null: there is nothing new. */
  commit: commitSchema.nullable(),
  /** How many commits it adds to what the session began with. */
  commits: z.number().int().nonnegative(),
  /** `git diff --stat` against that. */
  stat: z.string(),
});
export type Prepared = z.infer<typeof preparedSchema>;

/**
 * Fetches what is new in the session's repository out of its workspace; with `message`, what is in no commit is
 * committed before. The outcome is a `preparedSchema`.
 */
export const branchPrepareSchema = z.object({
  kind: z.literal('branch_prepare'),
  session: z.string(),
  message: z.string().min(1).max(5_000).optional(),
});

/** Pushes a commit that was prepared to where the repository is from. The outcome is null. */
export const branchPushSchema = z.object({
  kind: z.literal('branch_push'),
  session: z.string(),
  branch: branchNameSchema,
  commit: commitSchema,
});
