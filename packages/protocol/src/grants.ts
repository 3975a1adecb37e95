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

/** Rules as settings and the CLI's options spell them: `Bash(npm test:*)`. */
export function rulesOf(grants: readonly Grant[]): string[] {
  const rules = grants.flatMap((grant) => (grant.type === 'addRules' ? grant.rules : []));
  return [...new Set(rules.map(({ toolName, ruleContent }) => ruleText(toolName, ruleContent)))];
}

export function directoriesOf(grants: readonly Grant[]): string[] {
  return [...new Set(grants.flatMap((grant) => (grant.type === 'addDirectories' ? grant.directories : [])))];
}

/** The mode that was set last. */
export function modeOf(grants: readonly Grant[]): PermissionMode | undefined {
  return grants.flatMap((grant) => (grant.type === 'setMode' ? [grant.mode] : [])).at(-1);
}

const modes: Readonly<Record<PermissionMode, string>> = {
  default: 'ask before what changes things',
  acceptEdits: 'edit files without asking',
  plan: 'plan without changing anything',
};

/** Grants in words, one each. Texts in them come from the CLI and the model: show them revealed. */
export function grantWords(grants: readonly Grant[]): string[] {
  const mode = modeOf(grants);
  return [
    ...rulesOf(grants),
    ...directoriesOf(grants).map((directory) => `files in ${directory}`),
    ...(mode === undefined ? [] : [modes[mode]]),
  ];
}

function ruleText(tool: string, content: string | undefined): string {
  return content === undefined || content === '' ? tool : `${tool}(${content})`;
}
