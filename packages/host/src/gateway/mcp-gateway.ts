import { Agent as HttpAgent, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { pipeline, Readable } from 'node:stream';
import { AirlockError } from '@airlock/protocol/errors';
import { isMcpRequestHeader, type RemoteMcpServer } from '@airlock/protocol/mcp';
import type { McpRequest, McpResponse } from '../wire/wire.ts';
import { BodyTooLargeError, boundBody, readSome } from './bounded.ts';
import { unreachableReason } from './problem.ts';
import { redact, redactStream } from './redact.ts';
import type { Filled, Secrets } from './secrets.ts';
import { askUpstream, RequestBodyError } from './upstream.ts';

export interface McpGatewayOptions {
  readonly secrets: Secrets;
  /** How long a server has to begin an answer; a tool may take so long. @default 600_000 */
  readonly headersTimeoutMs?: number;
}

/** The server a request is for. */
export interface McpTarget {
  readonly session: string;
  /** As the options of the session have it; undefined when they have none of this name. */
  readonly server: RemoteMcpServer | undefined;
  /** Called with words for people when something is wrong that was not before. Holds no secret. */
  readonly onProblem: (text: string) => void;
}

/** The way from a container to the MCP servers of its session. */
export interface McpGateway {
  /** Never rejects: failures are responses, with why in plain text. */
  handle(request: McpRequest, target: McpTarget): Promise<McpResponse>;
  forget(session: string): void;
}

const maxRequest = 8 * 1024 * 1024;
const maxErrorBody = 64 * 1024;
const methods = new Set(['GET', 'POST', 'DELETE']);
const answerHeaders = new Set(['content-type', 'mcp-protocol-version', 'mcp-session-id', 'retry-after']);
const passable = /^[\x20-\x7e]{1,4096}$/;

/** Every request has a connection of its own: on one kept alive, a POST could be lost without a trace of whether it was read. */
const agents = { 'http:': new HttpAgent(), 'https:': new HttpsAgent() };

export function createMcpGateway({ secrets, headersTimeoutMs = 600_000 }: McpGatewayOptions): McpGateway {
  /** What people were told of each server, by session. */
  const told = new Map<string, Map<string, string>>();

  function tell({ session, onProblem }: McpTarget, server: string, problem: string | undefined): void {
    const known = told.get(session) ?? new Map<string, string>();
    told.set(session, known);
    if (problem === undefined) known.delete(server);
    else if (known.get(server) !== problem) {
      known.set(server, problem);
      onProblem(problem);
    }
  }

  async function ask(request: McpRequest, target: McpTarget, url: URL, filled: Filled): Promise<McpResponse> {
    const name = request.server;
    let response: IncomingMessage;
    try {
      response = await askUpstream(
        {
          method: request.method,
          url,
          headers: { ...requestHeaders(request), ...filled.headers },
          body: request.method === 'POST' ? boundBody(request.body, maxRequest) : Readable.from([]),
          signal: request.signal,
          headersTimeoutMs,
        },
        url.protocol === 'https:' ? agents['https:'] : agents['http:'],
      );
    } catch (error) {
      if (request.signal.aborted) return refusal(499, 'The request was broken off');
      if (error instanceof RequestBodyError) {
        return refusal(error.cause instanceof BodyTooLargeError ? 413 : 400, error.message);
      }
      const problem = `The MCP server ${name}: ${redact(unreachableReason(error, url.href), filled.values)}`;
      tell(target, name, problem);
      return refusal(502, problem);
    }
    const problem = problemOf(response, name, url, filled);
    const status = response.statusCode ?? 502;
    if (status < 200 || status >= 300) {
      if (problem !== undefined) tell(target, name, problem);
      return await failed(response, status, problem, filled);
    }
    tell(target, name, problem);
    if (problem !== undefined) {
      response.destroy();
      return refusal(502, problem);
    }
    response.once('error', () => {
      // Streams nobody waits for an answer on may end at any time.
      if (request.method === 'POST' && !request.signal.aborted)
        tell(target, name, `The MCP server ${name} broke off its answer`);
    });
    return { status, headers: downHeaders(response.headers, filled), body: bodyOf(response, filled) };
  }

  return {
    async handle(request, target) {
      const { server } = target;
      if (!server) return refusal(404, 'This session has no MCP server of this name that is reached over HTTP');
      if (!methods.has(request.method)) return refusal(405, 'MCP over HTTP is GET, POST and DELETE');
      let filled: Filled;
      try {
        filled = secrets.fill(request.server, server);
      } catch (error) {
        const problem = AirlockError.from(error).message;
        tell(target, request.server, problem);
        return refusal(502, problem);
      }
      return await ask(request, target, new URL(server.url), filled);
    },
    forget: (session) => {
      told.delete(session);
    },
  };
}

/** What is wrong with an answer, for people; undefined when nothing is, or only Claude's side can know. */
function problemOf(response: IncomingMessage, server: string, url: URL, filled: Filled): string | undefined {
  const name = `The MCP server ${server}`;
  const { statusCode: status = 502, headers } = response;
  if (status < 300) {
    const { 'content-encoding': encoding = 'identity' } = headers;
    return encoding === 'identity' ? undefined : `${name} compresses its answers, although it is asked not to`;
  }
  if (status < 400) {
    const to = placeOf(headers.location, url);
    return `${name} redirects${redact(to, filled.values)}, which Airlock does not follow: give it as its url if you trust it`;
  }
  if (status === 401 || status === 403) {
    const check = ['its headers', ...filled.settings].join(' and ');
    const what = status === 401 ? 'the credentials' : 'access';
    return `${name} refuses ${what} (${status} from ${url.host}): check ${check}`;
  }
  // What is wrong with the request is between Claude's side and the server: they try versions and forget sessions.
  return status >= 500 ? `${name} answered ${status}` : undefined;
}

/** Where to, without what may be secret in it. */
function placeOf(location: string | undefined, url: URL): string {
  if (location === undefined || !URL.canParse(location, url.href)) return '';
  const { origin, pathname } = new URL(location, url);
  return ` to ${`${origin}${pathname}`.slice(0, 300)}`;
}

/**
 * An answer that is none. Claude's side is never asked for credentials it does not have: it would look for a place to
 * sign in.
 */
async function failed(
  response: IncomingMessage,
  status: number,
  problem: string | undefined,
  filled: Filled,
): Promise<McpResponse> {
  if (status < 400 || status === 401 || status === 403) {
    response.destroy();
    return refusal(502, problem ?? `It answered ${status}`);
  }
  const text = redact(await readSome(response, maxErrorBody, 10_000), filled.values);
  const headers = downHeaders(response.headers, filled);
  return { status: Math.min(status, 599), headers, body: Readable.from([Buffer.from(text)]) };
}

function bodyOf(response: IncomingMessage, { values }: Filled): Readable {
  return values.length === 0 ? response : pipeline(response, redactStream(values), () => undefined);
}

function requestHeaders({ headers, method }: McpRequest): Record<string, string> {
  const isPassed = (name: string) => isMcpRequestHeader(name) || (name === 'content-length' && method === 'POST');
  return { ...pick(headers, isPassed), 'accept-encoding': 'identity', 'user-agent': 'airlock' };
}

function downHeaders(headers: IncomingHttpHeaders, { values }: Filled): Record<string, string> {
  return Object.fromEntries(
    Object.entries(pick(headers, (name) => answerHeaders.has(name))).map(([name, value]) => [
      name,
      redact(value, values),
    ]),
  );
}

function pick(headers: IncomingHttpHeaders, isPassed: (name: string) => boolean): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (isPassed(name) && typeof value === 'string' && passable.test(value)) picked[name] = value;
  }
  return picked;
}

function refusal(status: number, text: string): McpResponse {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: Readable.from([Buffer.from(`${text}\n`)]),
  };
}
