import {
  type Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http';
import { type Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { pipeline, type Readable } from 'node:stream';

export interface UpstreamRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Readable;
  readonly signal: AbortSignal;
  /** How long the upstream has to send response headers. */
  readonly headersTimeoutMs: number;
}

export type UpstreamAgent = HttpAgent | HttpsAgent;

/** The upstream sent no response headers in time. */
export class UpstreamSilentError extends Error {
  constructor(ms: number) {
    super(`No answer within ${Math.round(ms / 1000)} s`);
    this.name = 'UpstreamSilentError';
  }
}

/** The request body failed before it was all sent: too large, or the container is gone. */
export class RequestBodyError extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
    this.name = 'RequestBodyError';
  }
}

/** Streams a request up and resolves with the response once its headers are there. */
export async function askUpstream(ask: UpstreamRequest, agent: UpstreamAgent | undefined): Promise<IncomingMessage> {
  const { method, url, headers, body, signal, headersTimeoutMs } = ask;
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return await new Promise((resolve, reject) => {
    const request = send(url, { method, headers, signal, ...(agent === undefined ? {} : { agent }) });
    const timer = setTimeout(() => request.destroy(new UpstreamSilentError(headersTimeoutMs)), headersTimeoutMs);
    request.once('response', (response) => {
      clearTimeout(timer);
      resolve(response);
    });
    request.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    body.once('error', (error) => reject(new RequestBodyError(error)));
    pipeline(body, request, () => undefined);
  });
}
