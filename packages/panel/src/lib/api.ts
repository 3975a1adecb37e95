// First, so that it runs before any schema is made: the bundler puts both into one chunk.
import './zod-config.ts';
import {
  type AssignBody,
  apiBase,
  executionSchema,
  executionSummarySchema,
  listSchema,
  type SessionChange,
  serviceSchema,
  serviceSummarySchema,
  sessionViewSchema,
  systemSchema,
  userSchema,
} from '@airlock/protocol/api';
import type { ExecutionStatus } from '@airlock/protocol/executions';
import { type FilePlace, fileEntrySchema } from '@airlock/protocol/files/file';
import { workspaceChangesSchema, workspaceSchema } from '@airlock/protocol/files/workspace';
import { idSchema } from '@airlock/protocol/ids';
import { insideSchema, sessionLogSchema } from '@airlock/protocol/inside';
import { type JsonObject, jsonObjectSchema } from '@airlock/protocol/json';
import { requestSchema } from '@airlock/protocol/requests';
import * as z from 'zod';
import { ApiError } from './api-error.ts';
import { connection } from './connection.ts';

const anything = z.unknown();
const createdSchema = z.object({ id: idSchema });

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** Rejects with an `ApiError` when no answer came, or with the reason of the signal. */
async function reach(path: string, init: RequestInit): Promise<{ ok: boolean; status: number; text: string }> {
  try {
    const response = await fetch(path, init);
    const text = await response.text();
    connection.reached();
    return { ok: response.ok, status: response.status, text };
  } catch (error) {
    if (init.signal?.aborted) throw error;
    connection.missed();
    throw ApiError.network(error);
  }
}

async function send(method: Method, path: string, body: JsonObject | undefined, signal?: AbortSignal) {
  const init: RequestInit = { method, credentials: 'same-origin', headers: { accept: 'application/json' } };
  if (method !== 'GET') {
    init.headers = { accept: 'application/json', 'content-type': 'application/json' };
    init.body = JSON.stringify(body ?? {});
  }
  if (signal) init.signal = signal;
  return await reach(path, init);
}

/** The first bytes of a file as text. */
async function beginning(address: string, bytes: number): Promise<string> {
  const headers = { range: `bytes=0-${bytes - 1}` };
  const { ok, status, text } = await reach(address, { credentials: 'same-origin', headers });
  if (!ok) throw ApiError.fromAnswer(status, text);
  return text;
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

interface InboxQuery {
  kind?: 'form' | 'tool' | 'question' | 'plan' | 'elicitation' | undefined;
  cursor?: string | undefined;
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
  files: (id: string, place: FilePlace) =>
    call(z.object({ items: z.array(fileEntrySchema) }), 'GET', filePath(id, place)),
  beginning,
  workspace: (id: string, query: WorkspaceQuery) => call(workspaceSchema, 'GET', workspacePath(id, query)),
  changes: (id: string, query: ChangesQuery) => call(workspaceChangesSchema, 'GET', changesPath(id, query)),
  /** The most urgent first. */
  inbox: ({ kind, cursor }: InboxQuery = {}) => {
    const query = new URLSearchParams({ order: 'due', ...(kind && { kind }), ...(cursor && { cursor }) });
    return call(listSchema(requestSchema), 'GET', `${path('inbox')}?${query}`);
  },
  /** Lets others answer a request, too. */
  assign: (request: string, body: AssignBody) =>
    call(requestSchema, 'POST', path('requests', request, 'assign'), { body: jsonObjectSchema.parse(body) }),
  /** Says something to Claude at its next step. */
  say: (session: string, text: string) =>
    call(anything.optional(), 'POST', path('sessions', session, 'messages'), { body: { text } }),
  interrupt: (session: string) => call(anything.optional(), 'POST', path('sessions', session, 'interrupt')),
  /** What it is made of, and what runs in it. */
  session: (session: string) => call(sessionViewSchema, 'GET', path('sessions', session)),
  /** What its container does now. */
  inside: (session: string, signal?: AbortSignal) =>
    call(insideSchema, 'GET', path('sessions', session, 'inside'), { ...(signal && { signal }) }),
  /** What was printed in its container. */
  sessionLog: (session: string) => call(sessionLogSchema, 'GET', path('sessions', session, 'logs')),
  stopTask: (session: string, task: string) =>
    call(anything.optional(), 'POST', path('sessions', session, 'tasks', task, 'stop')),
  changeSession: (session: string, change: SessionChange) =>
    call(anything.optional(), 'PATCH', path('sessions', session), { body: jsonObjectSchema.parse(change) }),
  /** Resolves once the answer is on the server's disk. */
  answer: (request: string, inputs: JsonObject) =>
    call(anything.optional(), 'POST', path('requests', request, 'answer'), { body: { inputs } }),
};

/** Address of a file of an execution; of the list of them without `file`. */
export function filePath(execution: string, place: FilePlace, file = ''): string {
  return path('executions', execution, 'files', place, ...(file === '' ? [] : file.split('/')));
}

interface WorkspaceQuery {
  session?: string | undefined;
  /** An `address` of the workspace. */
  folder?: string;
  cursor?: string | undefined;
}

/** Of a folder of a workspace, as it is now. */
function workspacePath(execution: string, query: WorkspaceQuery): string {
  return withQuery(path('executions', execution, 'files', 'workspace'), { limit: '500', ...query });
}

/** Of a file of a workspace, by its `address`. */
export function workspaceFilePath(execution: string, address: string, session: string): string {
  return withQuery(`${path('executions', execution, 'files', 'workspace')}/${address}`, { session });
}

export const workspaceZipPath = (execution: string, session: string): string =>
  withQuery(path('executions', execution, 'files', 'workspace'), { session, as: 'zip' });

export interface ChangesQuery {
  session?: string | undefined;
  /** `start`, `now` or the number of a turn. */
  from: string;
  to: string;
  path?: string;
  diffs?: 'true';
  as?: 'patch';
  cursor?: string | undefined;
}

export function changesPath(execution: string, query: ChangesQuery): string {
  return withQuery(path('executions', execution, 'workspace', 'changes'), { ...query });
}

function withQuery(address: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((each): each is [string, string] => each[1] !== undefined);
  return `${address}?${new URLSearchParams(given)}`;
}

export const eventsPath = (execution: string): string => path('executions', execution, 'events');
