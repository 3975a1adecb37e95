// First, so that it runs before any schema is made: the bundler puts both into one chunk.
import './zod-config.ts';
import {
  apiBase,
  executionSchema,
  executionSummarySchema,
  listSchema,
  serviceSchema,
  serviceSummarySchema,
  systemSchema,
  userSchema,
} from '@airlock/protocol/api';
import type { ExecutionStatus } from '@airlock/protocol/executions';
import { idSchema } from '@airlock/protocol/ids';
import type { JsonObject } from '@airlock/protocol/json';
import { requestSchema } from '@airlock/protocol/requests';
import * as z from 'zod';
import { ApiError } from './api-error.ts';
import { connection } from './connection.ts';

const anything = z.unknown();
const createdSchema = z.object({ id: idSchema });

type Method = 'GET' | 'POST' | 'DELETE';

async function send(method: Method, path: string, body: JsonObject | undefined, signal?: AbortSignal) {
  const init: RequestInit = { method, credentials: 'same-origin', headers: { accept: 'application/json' } };
  if (method !== 'GET') {
    init.headers = { accept: 'application/json', 'content-type': 'application/json' };
    init.body = JSON.stringify(body ?? {});
  }
  if (signal) init.signal = signal;
  try {
    const response = await fetch(path, init);
    const text = await response.text();
    connection.reached();
    return { ok: response.ok, status: response.status, text };
  } catch (error) {
    if (signal?.aborted) throw error;
    connection.missed();
    throw ApiError.network(error);
  }
}

async function call<S extends z.ZodType>(
  schema: S,
  method: Method,
  path: string,
  options: { body?: JsonObject; signal?: AbortSignal } = {},
): Promise<z.output<S>> {
  const { ok, status, text } = await send(method, path, options.body, options.signal);
  if (!ok) throw ApiError.fromAnswer(status, text);
  try {
    return schema.parse(text === '' ? undefined : JSON.parse(text));
  } catch (error) {
    throw ApiError.unreadable(status, error);
  }
}

function path(...parts: string[]): string {
  return [apiBase, ...parts.map(encodeURIComponent)].join('/');
}

export interface ExecutionsQuery {
  status?: ExecutionStatus | undefined;
  q?: string | undefined;
  cursor?: string | undefined;
}

function executionsPath({ status, q, cursor }: ExecutionsQuery): string {
  const search = new URLSearchParams({ limit: '30' });
  if (status) search.set('status', status);
  if (q) search.set('q', q);
  if (cursor) search.set('cursor', cursor);
  return `${path('executions')}?${search}`;
}

/** The HTTP API, every answer parsed. Each call rejects with an `ApiError` only, or with the signal's reason. */
export const api = {
  login: (name: string, password: string) => call(userSchema, 'POST', path('login'), { body: { name, password } }),
  logout: () => call(anything.optional(), 'POST', path('logout')),
  me: (signal?: AbortSignal) => call(userSchema, 'GET', path('me'), { ...(signal && { signal }) }),
  system: () => call(systemSchema, 'GET', path('system')),
  health: () => call(anything, 'GET', '/api/health'),
  /** Rejects with the reason when the host cannot start sessions. */
  ready: () => call(anything, 'GET', '/api/ready'),
  services: () => call(listSchema(serviceSummarySchema), 'GET', path('services')),
  service: (name: string) => call(serviceSchema, 'GET', path('services', name)),
  launch: (name: string, inputs: JsonObject) =>
    call(createdSchema, 'POST', path('services', name, 'executions'), { body: { inputs } }),
  executions: (query: ExecutionsQuery, signal?: AbortSignal) =>
    call(listSchema(executionSummarySchema), 'GET', executionsPath(query), { ...(signal && { signal }) }),
  execution: (id: string) => call(executionSchema, 'GET', path('executions', id)),
  cancel: (id: string) => call(anything.optional(), 'POST', path('executions', id, 'cancel')),
  remove: (id: string) => call(anything.optional(), 'DELETE', path('executions', id)),
  inbox: () => call(listSchema(requestSchema), 'GET', path('inbox')),
  /** Resolves once the answer is on the server's disk. */
  answer: (request: string, inputs: JsonObject) =>
    call(anything.optional(), 'POST', path('requests', request, 'answer'), { body: { inputs } }),
};

export const eventsPath = (execution: string): string => path('executions', execution, 'events');
