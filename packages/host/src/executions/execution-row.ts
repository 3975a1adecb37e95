import { type Execution, type ExecutionSummary, executionSchema, executionSummarySchema } from '@airlock/protocol/api';
import { shownSchema } from '@airlock/protocol/events';
import { type JsonObject, jsonObjectSchema } from '@airlock/protocol/json';
import type { Request } from '@airlock/protocol/requests';
import { usageSchema } from '@airlock/protocol/usage';
import type { Selectable } from 'kysely';
import { fromJson } from '../store/json.ts';
import type { ExecutionsTable } from '../store/schema.ts';

export type ExecutionRow = Selectable<ExecutionsTable>;

const excerptLength = 200;

/** First words of the inputs, to recognise an execution by. */
export function excerptOf(inputs: JsonObject): string {
  const first = Object.values(inputs).find((value) => typeof value === 'string' && value.trim() !== '');
  const words = typeof first === 'string' ? first.trim().replace(/\s+/g, ' ') : '';
  return words.length > excerptLength ? `${words.slice(0, excerptLength - 1)}…` : words;
}

export function toSummary(row: ExecutionRow, awaiting: number): ExecutionSummary {
  const where = `Execution ${row.id}`;
  return executionSummarySchema.parse({
    id: row.id,
    service: row.service,
    title: row.title,
    excerpt: row.excerpt,
    status: row.status,
    awaiting,
    user: row.user,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    usage: fromJson(usageSchema, row.usage, where),
  });
}

export function toExecution(row: ExecutionRow, requests: Request[]): Execution {
  const where = `Execution ${row.id}`;
  return executionSchema.parse({
    ...toSummary(row, requests.length),
    inputs: fromJson(jsonObjectSchema, row.inputs, where),
    requests,
    result: row.result === null ? null : fromJson(shownSchema, row.result, where),
    lastSeq: row.last_seq,
  });
}
