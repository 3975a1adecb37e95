import type { Grant, PermissionMode } from './grants.ts';

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
