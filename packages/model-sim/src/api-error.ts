const types = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  529: 'overloaded_error',
} as const;

/** Statuses the Messages API answers with when it refuses. */
export type ErrorStatus = keyof typeof types;

const messages: Record<ErrorStatus, string> = {
  400: 'The simulated model refuses this request',
  401: 'invalid x-api-key',
  403: 'Your API key does not have permission to use the specified resource',
  404: 'Not found',
  413: 'Request exceeds the maximum size',
  429: 'This request would exceed your rate limit',
  500: 'Internal server error',
  529: 'Overloaded',
};

/** A refusal as the Messages API words it. `retryAfter` is in seconds; `shouldRetry` becomes `x-should-retry`. */
export interface ApiError {
  readonly status: ErrorStatus;
  readonly message?: string | undefined;
  readonly retryAfter?: number | undefined;
  readonly shouldRetry?: boolean | undefined;
}

/** The body of a refusal, also the data of an `error` event inside a stream. */
export function errorBody(status: ErrorStatus, message: string = messages[status]) {
  return { type: 'error' as const, error: { type: types[status], message } };
}

/** The headers a refusal adds to the usual ones. */
export function errorHeaders(error: ApiError): Record<string, string> {
  return {
    ...(error.retryAfter === undefined ? {} : { 'retry-after': String(error.retryAfter) }),
    ...(error.shouldRetry === undefined ? {} : { 'x-should-retry': String(error.shouldRetry) }),
  };
}
