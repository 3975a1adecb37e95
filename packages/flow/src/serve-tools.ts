import { AirlockError } from '@airlock/protocol/errors';
import { type Json, jsonObjectSchema } from '@airlock/protocol/json';
import { type ToolResult, type ToolSpec, toolUseSchema } from '@airlock/protocol/service-channel';
import type * as z from 'zod';
import type { ContextPort } from './context-port.ts';
import { makeCall } from './make-call.ts';
import { branchScope } from './replay/keys.ts';
import { running } from './replay/scope.ts';

/** A tool as it is served; `C` is what it gets beside its input. */
interface Offered<C> {
  readonly description: string;
  readonly ask?: boolean;
  readonly timeoutMs?: number;
  readonly inputSchema: object;
  readonly use: (input: unknown, ctx: C) => Promise<Json | undefined>;
}

type Served<C> = Readonly<Record<string, Offered<C>>>;

interface Ending {
  readonly signal: AbortSignal;
}

const defaultTimeoutMs = 10 * 60_000;

/** What the runner offers to Claude. */
export function toolSpecs(tools: Served<never>): ToolSpec[] {
  return Object.entries(tools).map(
    ([name, { description, ask = false, timeoutMs = defaultTimeoutMs, inputSchema }]) => ({
      name,
      description,
      inputSchema: jsonObjectSchema.parse(JSON.parse(JSON.stringify(inputSchema))),
      ask,
      timeoutMs,
    }),
  );
}

/** Scope of the loop that waits for uses of tools; each use has one within it. */
const toolsScope = 'tools';

/** Serves the tools of a session until the execution is over. */
export function serveTools<C extends Ending>(port: ContextPort, session: string, tools: Served<C>, ctx: C): void {
  const around = running.getStore();
  if (around === undefined) throw new AirlockError('service_failed', 'Tools can only be offered by a service');
  const inScope = <T>(scope: string, work: () => Promise<T>) => running.run({ ...around, scope, branch: null }, work);

  async function serve(): Promise<void> {
    for (let n = 0; ; n += 1) {
      const used = toolUseSchema.parse(await makeCall(port, { kind: 'tool_next', session }).outcome);
      const scope = branchScope(toolsScope, `${session}.${n}`);
      // What it fails with has been told, or the execution is over.
      void inScope(scope, () => serveUse(used)).catch(() => undefined);
    }
  }

  async function serveUse({ toolUseId, tool: name, input }: z.infer<typeof toolUseSchema>): Promise<void> {
    port.busy(1);
    let result: ToolResult;
    try {
      result = await resultOf(tools[name], name, input, ctx);
    } finally {
      port.busy(-1);
    }
    await makeCall(port, { kind: 'tool_done', session, toolUseId, result }).outcome;
  }

  void inScope(toolsScope, serve).catch(() => undefined);
}

async function resultOf<C extends Ending>(
  used: Offered<C> | undefined,
  name: string,
  input: unknown,
  ctx: C,
): Promise<ToolResult> {
  try {
    if (!used) throw new AirlockError('not_found', `The service has no tool ${name}`);
    const value = await used.use(input, ctx);
    return { text: shortened(typeof value === 'string' ? value : JSON.stringify(value ?? null)), isError: false };
  } catch (thrown) {
    if (ctx.signal.aborted) throw thrown;
    return { text: shortened(AirlockError.from(thrown, 'service_failed').detail || String(thrown)), isError: true };
  }
}

const longest = 256 * 1024;

function shortened(text: string): string {
  const whole = text.toWellFormed();
  return whole.length <= longest ? whole : `${whole.slice(0, longest)}\n… ${whole.length - longest} characters more`;
}
