import { type Execution, type ExecutionSummary, executionSchema, executionSummarySchema } from '@airlock/protocol/api';
import { shownSchema } from '@airlock/protocol/events';
import { type JsonObject, jsonObjectSchema } from '@airlock/protocol/json';
import type { Request } from '@airlock/protocol/requests';
import { noUsage, usageSchema } from '@airlock/protocol/usage';
import type { Selectable } from 'kysely';
import { newId } from '../store/ids.ts';
import { fromJson } from '../store/json.ts';
import type { ExecutionsTable } from '../store/schema.ts';
import { shortHash } from '../versions/versions.ts';
import { readStop, stopReason } from './stopping.ts';

export type ExecutionRow = Selectable<ExecutionsTable>;

const excerptLength = 200;

/** First words of the inputs, to recognise an execution by. */
export function excerptOf(inputs: JsonObject): string {
  const first = Object.values(inputs).find((value) => typeof value === 'string' && value.trim() !== '');
  const words = typeof first === 'string' ? first.trim().replace(/\s+/g, ' ') : '';
  return words.length > excerptLength ? `${words.slice(0, excerptLength - 1)}…` : words;
}

/** What is known of an execution beside its row; `queue` is how many are before it. */
type Beside = Pick<ExecutionSummary, 'queue' | 'waitsFor'>;

export function toSummary(row: ExecutionRow, awaiting: number, { queue, waitsFor }: Beside): ExecutionSummary {
  const stop = readStop(row);
  const where = `Execution ${row.id}`;
  return executionSummarySchema.parse({
    id: row.id,
    service: row.service,
    title: row.title,
    excerpt: row.excerpt,
    status: row.status,
    awaiting,
    user: row.user,
    hash: row.version === null ? null : shortHash(row.version),
    startedAt: row.started_at,
    endedAt: row.ended_at,
    waitedMs: row.waited_ms,
    waitingSince: row.waiting_since === null ? null : new Date(row.waiting_since).toISOString(),
    usage: fromJson(usageSchema, row.usage, where),
    queue,
    stopping: stop === undefined || row.ended_at !== null ? null : stopReason(stop),
    waitsFor,
  });
}

export function toExecution(row: ExecutionRow, requests: Request[], beside: Beside): Execution {
  const where = `Execution ${row.id}`;
  return executionSchema.parse({
    ...toSummary(row, requests.length, beside),
    inputs: fromJson(jsonObjectSchema, row.inputs, where),
    requests,
    result: row.result === null ? null : fromJson(shownSchema, row.result, where),
    lastSeq: row.last_seq,
  });
}

/** An execution that has just been launched. */
export function newExecutionRow(
  service: string,
  title: string,
  inputs: JsonObject,
  user: string,
  now: Date,
  version: string | null = null,
): ExecutionRow {
  return {
    id: newId(),
    service,
    title,
    user,
    status: 'starting',
    inputs: JSON.stringify(inputs),
    excerpt: excerptOf(inputs),
    result: null,
    started_at: now.toISOString(),
    ended_at: null,
    last_seq: 0,
    next_outcome: 0,
    usage: JSON.stringify(noUsage),
    owner: null,
    epoch: 0,
    stop: null,
    parked: null,
    launch_key: null,
    launch_hash: null,
    version,
    waited_ms: 0,
    waiting_since: null,
  };
}
