import type { ErrorCode } from '@airlock/protocol/errors';
import * as z from 'zod';
import type { Cut } from './answer-stream.ts';

/** Why a model request failed, for people. */
export interface UpstreamProblem {
  readonly code: ErrorCode;
  readonly detail: string;
  /** HTTP status given to the CLI; null when an answer was cut after it began. */
  readonly status: number | null;
}

const errorBody = z.object({ error: z.object({ message: z.string() }) });

/** What an error status of the model API means; `body` is its answer. */
export function problemOfStatus(status: number, body: string): UpstreamProblem {
  const message = messageOf(body);
  const detail = message === undefined ? `It answered ${status}` : `${message} (${status})`;
  return { code: codeOfStatus(status), detail, status };
}

/** Nothing when nothing failed. */
export function problemOfCut(cut: Cut): UpstreamProblem | undefined {
  switch (cut.kind) {
    case 'abandoned':
      return undefined;
    case 'silent':
      return { code: 'model_unreachable', detail: `It sent nothing for ${Math.round(cut.ms / 1000)} s`, status: null };
    case 'broken':
      return { code: 'model_unreachable', detail: cut.message, status: null };
    case 'error_event': {
      const overloaded = cut.type === 'overloaded_error';
      return { code: overloaded ? 'model_overloaded' : 'model_unreachable', detail: cut.message, status: null };
    }
  }
}

/** Why no answer came, in words; names the upstream, never a header. */
export function unreachableReason(error: unknown, upstream: string): string {
  const host = hostOf(upstream);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'ECONNREFUSED':
      return `${host} refuses connections`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The name ${host} cannot be resolved`;
    case 'ECONNRESET':
    case 'EPIPE':
      return `${host} closed the connection`;
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `${host} cannot be reached (${code})`;
    default:
      return `${host}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function codeOfStatus(status: number): ErrorCode {
  if (status === 401 || status === 403) return 'model_key_refused';
  if (status === 429) return 'model_limited';
  if (status === 529) return 'model_overloaded';
  return status >= 500 ? 'model_unreachable' : 'model_refused';
}

function messageOf(body: string): string | undefined {
  try {
    return errorBody.safeParse(JSON.parse(body)).data?.error.message.slice(0, 2000);
  } catch {
    return undefined;
  }
}

function hostOf(upstream: string): string {
  return URL.canParse(upstream) ? new URL(upstream).host : 'The model API';
}
