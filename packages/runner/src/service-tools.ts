import { randomUUID } from 'node:crypto';
import { jsonObjectSchema } from '@airlock/protocol/json';
import type { ToolResult, ToolSpec } from '@airlock/protocol/service-channel';
import type { DownFrame, SingleFrame } from '@airlock/protocol/wire';
import { createSdkMcpServer, type McpSdkServerConfigWithInstance, type Options } from '@anthropic-ai/claude-agent-sdk';
import * as z from 'zod';

/** Tools of the service, offered to Claude as those of an MCP server; the host is asked to run them. */
export interface ServiceTools {
  readonly servers: NonNullable<Options['mcpServers']>;
  /** Whether a call is of a tool nobody is asked about. `from`: where the CLI has the tool from. */
  isFree(tool: string, from: { readonly name: string; readonly source: string } | undefined): boolean;
  answer(frame: Extract<DownFrame, { type: 'tool_answer' }>): void;
}

const server = 'service';
// What the SDK takes to know a request by, and to read it with. Its own tools take zod schemas; these have JSON Schemas.
const listSchema = z.object({ method: z.literal('tools/list') });
const callSchema = z.object({
  method: z.literal('tools/call'),
  params: z.object({
    name: z.string(),
    arguments: jsonObjectSchema.optional(),
    _meta: z.record(z.string(), z.unknown()).optional(),
  }),
});
/** Beyond the time of the tool itself, after which the CLI gives up. */
const graceMs = 60_000;

export function createServiceTools(tools: readonly ToolSpec[], send: (frame: SingleFrame) => void): ServiceTools {
  const open = new Map<string, (result: ToolResult) => void>();

  async function use(spec: ToolSpec, input: unknown, toolUseId: string): Promise<ToolResult> {
    const callId = randomUUID();
    const late = Promise.withResolvers<ToolResult>();
    const text = `It did not answer within ${Math.ceil(spec.timeoutMs / 1000)} s`;
    const timer = setTimeout(() => late.resolve({ text, isError: true }), Math.min(spec.timeoutMs, longestTimerMs));
    const answered = new Promise<ToolResult>((resolve) => open.set(callId, resolve));
    send({ type: 'tool_call', callId, toolUseId, tool: spec.name, input: jsonObjectSchema.parse(input) });
    try {
      return await Promise.race([answered, late.promise]);
    } finally {
      clearTimeout(timer);
      open.delete(callId);
    }
  }

  function createServer(): McpSdkServerConfigWithInstance {
    const config = createSdkMcpServer({ name: server, version: '1.0.0' });
    const mcp = config.instance.server;
    mcp.registerCapabilities({ tools: {} });
    mcp.setRequestHandler(listSchema, () => ({
      tools: tools.map(({ name, description, inputSchema }) => ({
        name,
        description,
        inputSchema: { ...inputSchema, type: 'object' as const },
        // Not to be searched for first: there are few, and the service is about them.
        _meta: { 'anthropic/alwaysLoad': true },
      })),
    }));
    mcp.setRequestHandler(callSchema, async ({ params }) => {
      const spec = tools.find(({ name }) => name === params.name);
      if (!spec) return { content: [{ type: 'text', text: `There is no tool ${params.name}` }], isError: true };
      const { text, isError } = await use(spec, params.arguments ?? {}, toolUseOf(params._meta));
      return { content: [{ type: 'text', text }], isError };
    });
    return config;
  }

  const timeout = Math.min(Math.max(0, ...tools.map(({ timeoutMs }) => timeoutMs)) + graceMs, longestTimerMs);
  return {
    servers: tools.length === 0 ? {} : { [server]: { ...createServer(), timeout } },
    isFree: (tool, from) =>
      from?.source === 'sdk' &&
      from.name === server &&
      tools.some(({ name, ask }) => !ask && tool === `mcp__${server}__${name}`),
    answer: ({ callId, result }) => open.get(callId)?.(result),
  };
}

/** A timer waits no longer. */
const longestTimerMs = 2 ** 31 - 1;

/** The CLI names the call it is about; one it does not name is a call of its own. */
function toolUseOf(meta: Record<string, unknown> | undefined): string {
  const id = meta?.['claudecode/toolUseId'];
  return typeof id === 'string' ? id : randomUUID();
}
