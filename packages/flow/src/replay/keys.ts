import type { Call } from '@airlock/protocol/service-channel';

/** Scope of what `run` itself calls. */
export const mainScope = 'main';
/** Scope of what the process prints. Its keys hold the place in the log, so that a replay prints nothing twice. */
export const ioScope = 'io';

const cancelPattern = /^io\/log\/debug#cancel:\{"outcomes":(\d+)\}$/;

/**
 * Where a cancel came, as a call without an outcome: after this many outcomes, and after the calls that come before it in
 * the log.
 */
export function cancelKey(outcomes: number): string {
  return `${ioScope}/log/debug#cancel:${JSON.stringify({ outcomes })}`;
}

/** How many outcomes came before the cancel; null for another key. */
export function outcomesBefore(key: string): number | null {
  const outcomes = cancelPattern.exec(key)?.[1];
  return outcomes === undefined ? null : Number(outcomes);
}

/** What a call is named after, within its kind. */
function nameOf(call: Call): string {
  switch (call.kind) {
    case 'emit':
    case 'log':
      return call.event;
    case 'now':
    case 'random':
    case 'sleep':
    case 'race':
      return '';
    case 'file':
      return call.path;
    case 'lock':
    case 'step':
      return call.name;
    case 'session_open':
    case 'session_send':
    case 'session_end':
    case 'branch_prepare':
    case 'branch_push':
    case 'tool_next':
    case 'tool_done':
      return call.session;
  }
}

/** Calls nobody waits for: the host stores them. */
export function isSilent(call: Call): boolean {
  return call.kind === 'emit' || call.kind === 'log';
}

export function isSilentKey(key: string): boolean {
  const kind = key.split('/', 2)[1];
  return kind === 'emit' || kind === 'log';
}

/** Scope of a branch of a race. Its label may be any text; dots and slashes part scopes. */
export function branchScope(race: string, label: string): string {
  return `${race}.${encodeURIComponent(label.toWellFormed()).replaceAll('.', '%2E')}`;
}

/** Names scopes in a scope: those of races, in the order in which they are held. */
export function createScopes(): (scope: string) => string {
  const counts = new Map<string, number>();
  return (scope) => {
    const count = counts.get(scope) ?? 0;
    counts.set(scope, count + 1);
    return `${scope}.race${count}`;
  };
}

/** Gives calls their keys: `scope/kind/name#count`. */
export function createKeys(): (scope: string, call: Call) => string {
  const counts = new Map<string, number>();
  return (scope, call) => {
    const stem = `${scope}/${call.kind}/${nameOf(call)}`;
    const count = counts.get(stem) ?? 0;
    counts.set(stem, count + 1);
    return `${stem}#${count}`;
  };
}
