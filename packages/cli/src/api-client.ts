import { apiBase } from '@airlock/protocol/api';
import { AirlockError, errorBodySchema } from '@airlock/protocol/errors';
import * as z from 'zod';
import { Failure } from './failure.ts';
import type { HostFile } from './local/host-file.ts';
import { uploadFile } from './upload-file.ts';

const errorSchema = z.object({ error: errorBodySchema });

/** The HTTP API of a running host. Every method throws what the host answered when that is an error. */
export interface ApiClient {
  get<T extends z.ZodType>(path: string, schema: T, timeoutMs?: number): Promise<z.infer<T>>;
  /** With a `key`, the same call sent again is carried out once; it is, when the connection breaks. */
  post<T extends z.ZodType>(path: string, body: unknown, schema: T, key?: string): Promise<z.infer<T>>;
  /** A call whose answer says nothing but that it was done. */
  act(method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<void>;
  /** Sends a file of this machine; resolves with the id of its upload. */
  upload(path: string): Promise<string>;
  /** Opens an event stream; the caller reads and cancels the body. */
  stream(path: string, lastEventId: number, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
}

async function failureOf(response: Response): Promise<AirlockError | Failure> {
  const text = await response.text();
  try {
    return AirlockError.fromBody(errorSchema.parse(JSON.parse(text)).error);
  } catch {
    return new Failure(
      'The host gave an answer that cannot be read',
      `${response.status} for ${new URL(response.url).pathname}`,
      'See `airlock logs`; stop and start Airlock if it was updated',
    );
  }
}

async function parse<T extends z.ZodType>(response: Response, schema: T): Promise<z.infer<T>> {
  if (!response.ok) throw await failureOf(response);
  const result = schema.safeParse(await response.json());
  if (result.success) return result.data;
  throw new Failure(
    'The host speaks another version of the API',
    `${new URL(response.url).pathname}: ${z.prettifyError(result.error)}`,
    'Stop and start Airlock, so that both are of the same version',
  );
}

/** Creates a client that speaks to the host in `host.json` with its token. */
export function createApiClient({ url, token }: HostFile): ApiClient {
  const authorization = `Bearer ${token}`;
  async function request(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(new URL(`${apiBase}${path}`, url), init);
    } catch (error) {
      if (error instanceof Error && error.name === 'AbortError') throw error;
      const detail = `${url}: ${error instanceof Error ? String(error.cause ?? error.message) : String(error)}`;
      throw new Failure('The host cannot be reached', detail, 'See `airlock status` and `airlock logs`', {
        cause: error,
      });
    }
  }
  return {
    async get(path, schema, timeoutMs = 30_000) {
      const headers = { authorization, accept: 'application/json' };
      return parse(await request(path, { headers, signal: AbortSignal.timeout(timeoutMs) }), schema);
    },
    async post(path, body, schema, key) {
      const json = { authorization, accept: 'application/json', 'content-type': 'application/json' };
      const headers = key === undefined ? json : { ...json, 'idempotency-key': key };
      const send = async () => {
        const signal = AbortSignal.timeout(60_000);
        return await request(path, { method: 'POST', headers, body: JSON.stringify(body), signal });
      };
      const response = key === undefined ? await send() : await send().catch(send);
      return await parse(response, schema);
    },
    async act(method, path, body) {
      const json = { authorization, accept: 'application/json', 'content-type': 'application/json' };
      const signal = AbortSignal.timeout(60_000);
      const response = await request(path, {
        method,
        headers: json,
        signal,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!response.ok) throw await failureOf(response);
    },
    upload: (path) => uploadFile(path, new URL(`${apiBase}/uploads`, url).href, authorization),
    async stream(path, lastEventId, signal) {
      const headers = { authorization, accept: 'text/event-stream', 'last-event-id': String(lastEventId) };
      const response = await request(path, { headers, signal });
      if (!response.ok || response.body === null) throw await failureOf(response);
      return response.body;
    },
  };
}
