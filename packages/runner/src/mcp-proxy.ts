import { randomBytes } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { type ClientHttp2Stream, constants } from 'node:http2';
import { isMcpRequestHeader, type ToldMcpServer } from '@airlock/protocol/mcp';
import { wireRoutes } from '@airlock/protocol/wire';
import type { McpServerConfig } from '@anthropic-ai/claude-agent-sdk';
import * as z from 'zod';
import type { Links } from './links.ts';
import { passAnswer, readBody } from './model-proxy.ts';
import type { WireLink } from './wire-link.ts';

/*
 * What the CLI takes for MCP servers on the loopback interface, and the host reaches.
 *
 * P5. A POST goes up one wire and is not sent again: when its answer cannot begin any more, or is cut, the CLI is told at once
 *     that nobody knows what came of it. Any other request whose answer has not begun is asked again on the next wire.
 * P6. Only who knows the key given to the CLI is let through: no tool can call a server past the CLI and who it asks.
 */

export interface McpProxy {
  /** What the CLI is told of the servers. */
  configs(servers: Readonly<Record<string, ToldMcpServer>>, url: string): Record<string, McpServerConfig>;
  /** Answers a request to one of them. */
  serve(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/** Requests are kept until they are answered: one at most this large, all together at most four times that. */
const maxBody = 8 * 1024 * 1024;
const maxBodies = 4 * maxBody;
const unknownOutcome = [
  'The connection to the MCP server was lost while this call was under way, so its outcome is unknown:',
  'it may or may not have taken effect. Check before you repeat it.',
].join(' ');
const messageSchema = z.object({ id: z.union([z.string(), z.number()]), method: z.string() });

export function createMcpProxy(links: Links): McpProxy {
  const key = `Bearer ${randomBytes(32).toString('base64url')}`;
  let held = 0;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.headers.authorization !== key) return refuse(response, 403, 'Only Claude may use this server');
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const body = await readBody(request, Math.min(maxBody, maxBodies - held));
    if (body === undefined) return refuse(response, 413, 'The request is larger than 8 MB');
    held += body.length;
    try {
      await relay(askOf(request, body), response, gone.signal);
    } finally {
      held -= body.length;
    }
  }

  async function relay(ask: Ask, response: ServerResponse, gone: AbortSignal): Promise<void> {
    for (;;) {
      const link = await links.current(gone);
      const stream = send(link, ask, gone);
      const answer = stream && (await answerOf(stream));
      if (answer) return await passAnswer(stream, answer.status, answer.headers, response, lastWordsOf(ask, answer));
      if (stream && ask.method === 'POST') return refuse(response, 502, unknownOutcome);
      // The host refused the stream although its wire stands.
      if (link.isOpen) return refuse(response, 502, 'Airlock did not take the request');
      await link.closed;
    }
  }

  return {
    configs: (servers, url) =>
      Object.fromEntries(
        Object.entries(servers).map(([name, server]) => {
          if ('command' in server) return [name, server];
          const address = `${url}${wireRoutes.mcp}/${name}`;
          return [name, { type: 'http', url: address, headers: { authorization: key } }];
        }),
      ),
    serve,
  };
}

interface Ask {
  readonly method: string;
  /** With `wireRoutes.mcp` before it. */
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

function askOf(request: IncomingMessage, body: Buffer): Ask {
  const { method = 'POST', url = '' } = request;
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => isMcpRequestHeader(name)));
  const length = method === 'POST' ? { 'content-length': body.length } : {};
  return { method, path: url, headers: { ...headers, ...length }, body };
}

/** Nothing when the wire is gone already, and nothing was sent. */
function send(link: WireLink, ask: Ask, gone: AbortSignal): ClientHttp2Stream | undefined {
  let stream: ClientHttp2Stream;
  try {
    stream = link.mcp(ask.method, ask.path, ask.headers);
  } catch {
    return undefined;
  }
  const cancel = () => stream.close(constants.NGHTTP2_CANCEL);
  gone.addEventListener('abort', cancel, { once: true });
  stream.once('close', () => gone.removeEventListener('abort', cancel));
  stream.on('error', () => undefined);
  stream.end(ask.body);
  return stream;
}

interface Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
}

/** Resolves when the answer begins, or with nothing when it cannot any more. */
async function answerOf(stream: ClientHttp2Stream): Promise<Answer | undefined> {
  return await new Promise((resolve) => {
    stream.once('response', (received) => {
      const headers = Object.fromEntries(Object.entries(received).filter(([name]) => !name.startsWith(':')));
      resolve({ status: received[':status'] ?? 502, headers });
    });
    stream.once('close', () => resolve(undefined));
  });
}

/**
 * What ends a stream of events that was cut: without an answer the CLI would wait for one as long as it waits for a tool.
 * An answer that has come already counts.
 */
function lastWordsOf({ method, body }: Ask, { headers }: Answer): string | undefined {
  if (method !== 'POST' || !String(headers['content-type']).startsWith('text/event-stream')) return undefined;
  const answers = requestIds(body).map((id) => ({
    jsonrpc: '2.0',
    id,
    error: { code: -32_000, message: unknownOutcome },
  }));
  return `\n\n${answers.map((answer) => `event: message\ndata: ${JSON.stringify(answer)}\n\n`).join('')}`;
}

function requestIds(body: Buffer): (string | number)[] {
  let message: unknown;
  try {
    message = JSON.parse(body.toString('utf8'));
  } catch {
    return [];
  }
  const parsed = (Array.isArray(message) ? message : [message]).map((each) => messageSchema.safeParse(each));
  return parsed.flatMap(({ data }) => (data ? [data.id] : []));
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
  response.end(`${text}\n`);
}
