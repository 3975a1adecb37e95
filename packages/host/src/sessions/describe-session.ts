import type { SessionView } from '@airlock/protocol/api';
import { AirlockError } from '@airlock/protocol/errors';
import { contextUseSchema, factsSchema } from '@airlock/protocol/facts';
import { fromJson } from '../store/json.ts';
import type { Store } from '../store/store.ts';
import { findSession, grantsOf, sessionId, settingsOf, tasksOf } from './session-row.ts';

/** All there is to know of a session: what it was made of, what the CLI says of itself, what runs in it. */
export async function describeSession(store: Store, id: string): Promise<SessionView> {
  const row = await findSession(store, id);
  if (!row) throw new AirlockError('not_found', `There is no session ${id}`);
  const {
    repository,
    outExclude = [],
    caches = [],
    rules = [],
    allowedTools = [],
    disallowedTools = [],
    tools = [],
    ...settings
  } = settingsOf(row);
  const of = `of session ${id}`;
  return {
    id: sessionId(row),
    execution: row.execution,
    name: row.name,
    state: row.state,
    working: row.turn_prompt !== null,
    image: { reference: row.image, digest: row.digest },
    container: row.container,
    limits: { cpus: settings.cpus, memoryBytes: settings.memoryBytes, workspaceBytes: settings.workspaceBytes },
    repository: repository ? { url: repository.url, ref: repository.ref ?? null } : null,
    caches,
    outExclude,
    rules,
    allowedTools,
    disallowedTools,
    serviceTools: tools.map(({ name, ask }) => ({ name, ask })),
    grants: grantsOf(row),
    facts: row.facts === null ? null : fromJson(factsSchema, row.facts, `Facts ${of}`),
    context: row.context === null ? null : fromJson(contextUseSchema, row.context, `Context ${of}`),
    tasks: tasksOf(row),
  };
}
