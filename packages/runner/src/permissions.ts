import { directoriesOf, modeOf, rulesOf } from '@airlock/protocol/grant-rules';
import type { PermissionMode } from '@airlock/protocol/grants';
import type { SessionSpec } from '@airlock/protocol/wire';

/** What Claude may do without asking from the start, in the CLI's words. */
export interface Permissions {
  readonly mode: PermissionMode;
  readonly allowedTools: string[];
  readonly directories: string[];
}

/** What people have granted since counts more than what the service began with. */
export function permissionsOf({ grants = [], permissionMode, allowedTools = [] }: SessionSpec): Permissions {
  return {
    mode: modeOf(grants) ?? permissionMode ?? 'default',
    allowedTools: [...allowedTools, ...rulesOf(grants)],
    directories: directoriesOf(grants),
  };
}
