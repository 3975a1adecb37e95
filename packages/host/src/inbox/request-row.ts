import { jsonObjectSchema } from '@airlock/protocol/json';
import { type Request, requestSchema } from '@airlock/protocol/requests';
import type { Selectable } from 'kysely';
import { fromJson } from '../store/json.ts';
import type { RequestsTable } from '../store/schema.ts';

export type RequestRow = Selectable<RequestsTable>;

/** A stored request as people and programs see it. */
export function toRequest(row: RequestRow): Request {
  const ask = fromJson(jsonObjectSchema, row.ask, `Request ${row.id}`);
  return fromJson(
    requestSchema,
    JSON.stringify({
      ...ask,
      id: row.id,
      execution: row.execution,
      createdAt: row.created_at,
      ...(row.session === null ? {} : { session: row.session }),
      ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
    }),
    `Request ${row.id}`,
  );
}
