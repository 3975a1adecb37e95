import type { SessionSpec } from '@airlock/protocol/wire';

/** Whether the SDK has the CLI wait for it because there is more to tell than arguments should say. */
export function isToldAtInitialize({ plugins = [], mcpServers = {} }: SessionSpec): boolean {
  return plugins.length > 0 || Object.keys(mcpServers).length > 0;
}

/**
 * Further arguments for a CLI that resumes: it is to look for the conversation when the SDK speaks to it, and not before.
 * The SDK says so to every CLI it starts itself.
 */
export function waitingArgs(spec: SessionSpec): Record<string, null> {
  return spec.resumes && !isToldAtInitialize(spec) ? { 'await-initialize': null } : {};
}
