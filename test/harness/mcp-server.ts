import { randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { EmptyResultSchema } from '@modelcontextprotocol/sdk/types.js';
import * as z from 'zod';

/** An MCP server on this machine's loopback, written with the SDK, which wants a bearer token. */
export interface TestMcpServer {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  readonly url: string;
  /** Every request, refused ones too. */
  readonly requests: readonly { readonly method: string; readonly headers: IncomingHttpHeaders }[];
  /** Titles of issues, once for each call that came to the tools. */
  readonly done: readonly string[];
  /** Resolves when one with this title is under way, and stays so. */
  underWay(title: string): Promise<void>;
  /** Nothing listens any more. */
  close(): Promise<void>;
  /** Listens again, at the same place. */
  open(): Promise<void>;
}

/**
 * Its tools: `create` creates an issue, and says the token; `hold` never ends and says nothing; `hold_open` never ends once the
 * client has read the beginning of its answer.
 */
export async function startMcpServer(token: string): Promise<TestMcpServer> {
  const requests: { method: string; headers: IncomingHttpHeaders }[] = [];
  const done: string[] = [];
  const transports = new Map<string, StreamableHTTPServerTransport>();
  const held = new Map<string, PromiseWithResolvers<void>>();

  function holdOf(title: string): PromiseWithResolvers<void> {
    const hold = held.get(title) ?? Promise.withResolvers<void>();
    held.set(title, hold);
    return hold;
  }

  async function connect(): Promise<StreamableHTTPServerTransport> {
    const mcp = new McpServer({ name: 'issues', version: '1.0.0' });
    const inputSchema = { title: z.string() };
    const never = new Promise<never>(() => undefined);
    mcp.registerTool('create', { description: 'Creates an issue', inputSchema }, ({ title }) => {
      done.push(title);
      return { content: [{ type: 'text', text: `Created ${title} as ${token}` }] };
    });
    mcp.registerTool('hold', { description: 'Creates one slowly', inputSchema }, async ({ title }) => {
      done.push(title);
      holdOf(title).resolve();
      return await never;
    });
    mcp.registerTool('hold_open', { description: 'Creates one slowly', inputSchema }, async ({ title }, extra) => {
      done.push(title);
      await extra.sendRequest({ method: 'ping' }, EmptyResultSchema);
      holdOf(title).resolve();
      return await never;
    });
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void transports.set(id, transport),
    });
    // Its optional members are written for looser checks than ours.
    await mcp.connect(transport as Transport);
    return transport;
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', headers } = request;
    requests.push({ method, headers });
    if (headers.authorization !== `Bearer ${token}`) {
      const challenge = { 'www-authenticate': 'Bearer resource_metadata="http://127.0.0.1:1/.well-known/x"' };
      response.writeHead(401, challenge).end(`Not ${headers.authorization}`);
      return;
    }
    const session = headers['mcp-session-id'];
    const known = typeof session === 'string' ? transports.get(session) : undefined;
    await (known ?? (await connect())).handleRequest(request, response);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}/mcp`,
    requests,
    done,
    underWay: (title) => holdOf(title).promise,
    open: () => listen(port),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
