import { type ErrorBody, errorBodySchema, type FieldErrors } from '@airlock/protocol/errors';
import * as z from 'zod';

export type ApiErrorCode = ErrorBody['code'] | 'network' | 'unreadable' | 'unknown';

/** Any failed call, with what a person needs to know about it. `status` is 0 when no answer came. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: ApiErrorCode;
  readonly title: string;
  readonly detail: string;
  readonly fix: string;
  readonly fields: FieldErrors;

  constructor(status: number, body: Omit<ErrorBody, 'code'> & { code: ApiErrorCode }, options?: { cause?: unknown }) {
    super(`${body.title}: ${body.detail}`, options);
    this.name = 'ApiError';
    this.status = status;
    this.code = body.code;
    this.title = body.title;
    this.detail = body.detail;
    this.fix = body.fix;
    this.fields = body.fields ?? {};
  }

  static network(cause: unknown): ApiError {
    return new ApiError(
      0,
      {
        code: 'network',
        title: 'Airlock cannot be reached',
        detail: 'The server did not answer',
        fix: 'Check that it is running and that you are online; what you typed is kept',
      },
      { cause },
    );
  }

  static unreadable(status: number, cause: unknown): ApiError {
    const detail = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    return new ApiError(
      status,
      {
        code: 'unreadable',
        title: 'The answer could not be read',
        detail,
        fix: 'Reload the page; the server may have been updated',
      },
      { cause },
    );
  }

  /** From the text of an answer that is not 2xx. */
  static fromAnswer(status: number, text: string): ApiError {
    const parsed = z.object({ error: errorBodySchema }).safeParse(parseJson(text));
    if (parsed.success) return new ApiError(status, parsed.data.error);
    return new ApiError(status, {
      code: 'unknown',
      title: `The server answered ${status}`,
      detail: text.trim().slice(0, 300) || 'It gave no reason',
      fix: 'Try again in a moment',
    });
  }

  /** Whatever was thrown, as one of ours. */
  static from(thrown: unknown): ApiError {
    if (thrown instanceof ApiError) return thrown;
    const detail = thrown instanceof Error ? thrown.message : String(thrown);
    return new ApiError(0, {
      code: 'unknown',
      title: 'Something went wrong in the panel',
      detail,
      fix: 'Reload the page',
    });
  }
}

/** `undefined` when the text is not JSON; always parsed further by a schema. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
