import { Readable } from 'node:stream';
import type { ModelResponse } from '../wire/wire.ts';

type ApiErrorType = 'authentication_error' | 'permission_error' | 'request_too_large' | 'api_error' | 'timeout_error';

/** A response in the model API's error form. `retry` tells the CLI whether asking again can help. */
export function apiError(status: number, type: ApiErrorType, message: string, retry: boolean): ModelResponse {
  const body = JSON.stringify({ type: 'error', error: { type, message } });
  return {
    status,
    headers: { 'content-type': 'application/json', 'x-should-retry': String(retry) },
    body: Readable.from([Buffer.from(body)]),
  };
}
