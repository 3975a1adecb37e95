import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { AirlockError } from '@airlock/protocol/errors';
import type { Usage } from '@airlock/protocol/usage';
import type { ModelRequest, ModelResponse } from '../wire/wire.ts';
import { passAnswer } from './answer-stream.ts';
import { apiError } from './api-error.ts';
import { BodyTooLargeError, boundBody, readSome } from './bounded.ts';
import { downstreamHeaders, upstreamHeaders } from './headers.ts';
import { createMeter, type Meter } from './metering.ts';
import { problemOfCut, problemOfStatus, type UpstreamProblem, unreachableReason } from './problem.ts';
import { askUpstream, RequestBodyError, type UpstreamAgent, UpstreamSilentError } from './upstream.ts';

export interface ModelGatewayOptions {
  /** Upstream of the model API; a path in it is kept as a prefix. */
  readonly baseUrl: string;
  /** Added to every request. Without one, requests are answered with 401 and never sent. */
  readonly apiKey: string | undefined;
  /** Called once per answered request with what it used as far as known, before the answer's end is passed on. */
  readonly onUsage?: (used: { readonly session: string; readonly model: string; readonly usage: Usage }) => void;
  readonly onUpstreamError?: (session: string, problem: UpstreamProblem) => void;
  /** A streamed answer without a byte for this long is cut. @default 60_000 */
  readonly idleMs?: number;
  /** How long the upstream has to begin an answer. @default 300_000 */
  readonly headersTimeoutMs?: number;
  /** Connections to the upstream; the default agent of node:http(s) otherwise. */
  readonly agent?: UpstreamAgent;
}

/** The way from a container to the model API. */
export interface ModelGateway {
  /** Never rejects: failures are responses in the model API's error form. */
  handle(request: ModelRequest, session: string): Promise<ModelResponse>;
  /** What the last model request of the session failed with; `undefined` once one succeeded. */
  lastUpstreamError(session: string): UpstreamProblem | undefined;
  forget(session: string): void;
}

const maxRequest = 32 * 1024 * 1024;
const allowedPath = /^\/v1\/messages(?:\/count_tokens)?$/;
const allowedQuery = /^[\w=&.,%-]*$/;

export function createModelGateway(options: ModelGatewayOptions): ModelGateway {
  const { apiKey, onUsage, idleMs = 60_000, headersTimeoutMs = 300_000, agent } = options;
  const base = options.baseUrl.replace(/\/+$/, '');
  const problems = new Map<string, UpstreamProblem>();

  function note(session: string, problem: UpstreamProblem): void {
    const safe = { ...problem, detail: redact(problem.detail) };
    problems.set(session, safe);
    options.onUpstreamError?.(session, safe);
  }

  function redact(text: string): string {
    return apiKey ? text.replaceAll(apiKey, '[key]') : text;
  }

  function report(session: string, meter: Meter): void {
    const total = meter.total();
    if (total) onUsage?.({ session, ...total });
  }

  async function ask(request: ModelRequest, url: URL, key: string, session: string): Promise<ModelResponse> {
    let response: IncomingMessage;
    try {
      response = await askUpstream(
        {
          method: 'POST',
          url,
          headers: upstreamHeaders(request.headers, key),
          body: boundBody(request.body, maxRequest),
          signal: request.signal,
          headersTimeoutMs,
        },
        agent,
      );
    } catch (error) {
      if (request.signal.aborted) return apiError(499, 'api_error', 'The request was broken off', true);
      return unanswered(error, session);
    }
    const status = response.statusCode ?? 502;
    if (status >= 400) return await refused(response, status, session);
    return answered(response, status, session);
  }

  function unanswered(error: unknown, session: string): ModelResponse {
    if (error instanceof RequestBodyError) {
      if (error.cause instanceof BodyTooLargeError) return apiError(413, 'request_too_large', error.message, false);
      return apiError(499, 'api_error', error.message, true);
    }
    const silent = error instanceof UpstreamSilentError;
    const reason = redact(unreachableReason(error, base));
    note(session, { code: 'model_unreachable', detail: reason, status: silent ? 504 : 502 });
    return apiError(silent ? 504 : 502, silent ? 'timeout_error' : 'api_error', reason, true);
  }

  async function refused(response: IncomingMessage, status: number, session: string): Promise<ModelResponse> {
    const body = redact(await readSome(response, 64 * 1024, 10_000));
    const problem = problemOfStatus(status, body);
    note(session, problem);
    const headers = downstreamHeaders(response.headers);
    if (isLasting(status)) headers['x-should-retry'] = 'false';
    if (body.startsWith('{')) return { status, headers, body: Readable.from([Buffer.from(body)]) };
    const inForm = apiError(status, 'api_error', problem.detail, !isLasting(status));
    return { ...inForm, headers: { ...headers, ...inForm.headers } };
  }

  function answered(response: IncomingMessage, status: number, session: string): ModelResponse {
    const meter = createMeter();
    const headers = downstreamHeaders(response.headers);
    const streamed = headers['content-type']?.startsWith('text/event-stream') === true;
    if (!streamed) return { status, headers, body: passWhole(response, session, meter) };
    const body = passAnswer(response, {
      meter,
      idleMs,
      onComplete() {
        problems.delete(session);
        report(session, meter);
      },
      onCut(cut) {
        const problem = problemOfCut(cut);
        if (problem) note(session, problem);
        report(session, meter);
      },
    });
    return { status, headers, body };
  }

  function passWhole(response: IncomingMessage, session: string, meter: Meter): IncomingMessage {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.pause();
    response.once('end', () => {
      problems.delete(session);
      meter.message(Buffer.concat(chunks).toString('utf8'));
      report(session, meter);
    });
    return response;
  }

  return {
    async handle(request, session) {
      const [path = '', query] = request.path.split('?', 2);
      if (request.method !== 'POST' || !allowedPath.test(path) || !allowedQuery.test(query ?? '')) {
        const asked = `${request.method} ${path.slice(0, 200)}`;
        return apiError(403, 'permission_error', `Airlock lets only the Messages API through, not ${asked}`, false);
      }
      if (apiKey === undefined) {
        note(session, { code: 'model_key_missing', detail: 'ANTHROPIC_API_KEY is not set', status: 401 });
        return apiError(401, 'authentication_error', 'No model key: set ANTHROPIC_API_KEY and restart Airlock', false);
      }
      const url = new URL(`${base}${path}${query === undefined ? '' : `?${query}`}`);
      try {
        return await ask(request, url, apiKey, session);
      } catch (error) {
        return apiError(500, 'api_error', redact(AirlockError.from(error).message), true);
      }
    },
    lastUpstreamError: (session) => problems.get(session),
    forget: (session) => {
      problems.delete(session);
    },
  };
}

/** Whether asking again with the same request cannot help. 408, 409, 429 and 5xx pass. */
function isLasting(status: number): boolean {
  return status < 500 && status !== 408 && status !== 409 && status !== 429;
}
