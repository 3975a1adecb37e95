import { executionSchema } from '@airlock/protocol/api';
import { AirlockError } from '@airlock/protocol/errors';
import type { Request } from '@airlock/protocol/requests';
import type { ApiClient } from './api-client.ts';
import { createSessions } from './attach/sessions.ts';
import { storedEvents } from './events/read-events.ts';
import { knownEvent } from './events/render-event.ts';

/** A conversation named by its own id or by that of its execution, with what the execution waits for. */
interface Target {
  readonly session: () => Promise<string>;
  readonly requests: readonly Request[];
}

async function sessionOf(api: ApiClient, execution: string): Promise<string> {
  const sessions = createSessions();
  for await (const logged of storedEvents(api, execution)) {
    const event = knownEvent(logged);
    if (event !== undefined) sessions.take(event);
  }
  return sessions.target();
}

export async function targetOf(api: ApiClient, id: string): Promise<Target> {
  try {
    const { requests } = await api.get(`/executions/${encodeURIComponent(id)}`, executionSchema);
    return { session: () => sessionOf(api, id), requests };
  } catch (error) {
    if (!(error instanceof AirlockError) || error.code !== 'not_found') throw error;
    return { session: () => Promise.resolve(encodeURIComponent(id)), requests: [] };
  }
}
