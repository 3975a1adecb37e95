import type { User } from '@airlock/protocol/api';
import { type Assign, assignSchema, mayAnswer, whyAsked } from '@airlock/protocol/assign';
import { type JsonObject, jsonObjectSchema } from '@airlock/protocol/json';
import { askSchemas, handedSchema, type Request, requestSchema, sessionAskSchema } from '@airlock/protocol/requests';
import type { Selectable } from 'kysely';
import type * as z from 'zod';
import { fromJson } from '../store/json.ts';
import type { RequestsTable } from '../store/schema.ts';

export type RequestRow = Selectable<RequestsTable>;
export type FormAsk = z.infer<typeof askSchemas.form>;
export type SessionAsk = z.infer<typeof sessionAskSchema>;

/** The execution a request belongs to. */
export interface Origin {
  readonly title: string;
  /** Who started it. */
  readonly user: string;
}

/** A stored request as people and programs see it; with `viewer`, as that user does. */
export function toRequest(row: RequestRow, origin?: Origin, viewer?: User): Request {
  const ask = fromJson(jsonObjectSchema, row.ask, `Request ${row.id}`);
  const request = fromJson(
    requestSchema,
    JSON.stringify({
      ...ask,
      id: row.id,
      execution: row.execution,
      createdAt: row.created_at,
      ...(row.session === null ? {} : { session: row.session }),
      ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
      ...(row.assign === null ? {} : { assign: assignOf(row) }),
      ...(row.reminded_at === null ? {} : { remindedAt: row.reminded_at }),
      ...(row.handed === null ? {} : { handed: fromJson(handedSchema, row.handed, `Request ${row.id}`) }),
    }),
    `Request ${row.id}`,
  );
  return origin && viewer ? { ...request, ...seenBy(viewer, request, origin) } : request;
}

function seenBy(viewer: User, request: Pick<Request, 'assign' | 'handed'>, { title, user }: Origin) {
  const origin = { title, user };
  if (!mayAnswer(request.assign, viewer, user)) return { origin };
  return { origin, why: whyAsked({ ...request, owner: user }, viewer) };
}

/** Who may answer; undefined: the owner of the execution. */
export function assignOf(row: Pick<RequestRow, 'id' | 'assign'>): Assign | undefined {
  return row.assign === null ? undefined : fromJson(assignSchema, row.assign, `Assignees of request ${row.id}`);
}

/** What is taken as the answer when the time is over. */
export function otherwiseOf(row: RequestRow): JsonObject | undefined {
  return row.otherwise === null ? undefined : fromJson(jsonObjectSchema, row.otherwise, `Default of request ${row.id}`);
}

/** The ask of a session's request. */
export function sessionAskOf(row: RequestRow): SessionAsk {
  return fromJson(sessionAskSchema, row.ask, `Request ${row.id}`);
}

/** The ask of a form request. */
export function formAskOf(row: RequestRow): FormAsk {
  return fromJson(askSchemas.form, row.ask, `Request ${row.id}`);
}
