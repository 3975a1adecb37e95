import { isDeepStrictEqual } from 'node:util';
import { elicitationForm } from '@airlock/protocol/forms/elicitation';
import { type Grant, grantSchema, mostGrants } from '@airlock/protocol/grants';
import type { JsonObject } from '@airlock/protocol/json';
import { askSchemas, type SessionAsk } from '@airlock/protocol/requests';
import type { SingleFrame, Verdict } from '@airlock/protocol/wire';
import type {
  CanUseTool,
  ElicitationRequest,
  OnElicitation,
  PermissionResult,
  PermissionUpdate,
} from '@anthropic-ai/claude-agent-sdk';
import * as z from 'zod';
import type { HeldCall } from './checks.ts';

export interface Asks {
  /** For the SDK; resolves when a person has decided or the CLI no longer asks. */
  readonly canUseTool: CanUseTool;
  /** For the SDK: an MCP server asks a person. */
  readonly onElicitation: OnElicitation;
  /** Asks about a call before the CLI does: when that asks, it gets the verdict on this. The ask has the id of the call. */
  hold(call: HeldCall, signal: AbortSignal): Promise<'decided' | 'withdrawn' | 'put_off'>;
  /** Lets go of a call that is held, and leaves its ask open; false when none has this id. */
  putOff(toolUseId: string): boolean;
  /** Gives a verdict on an open ask; false when none has this id. */
  answer(requestId: string, verdict: Verdict): boolean;
}

type CallOptions = Parameters<CanUseTool>[2];
type AboutCall = Omit<CallOptions, 'signal' | 'requestId'>;

interface AsksOptions {
  readonly send: (frame: SingleFrame) => void;
  /** Whether nobody need be asked about a call. */
  readonly isFree: (tool: string, from: CallOptions['mcpServer']) => boolean;
  /** A person has changed the input of a call before allowing it. */
  readonly onEdited: (toolUseId: string, input: JsonObject) => void;
}

interface Held {
  readonly input: JsonObject;
  readonly verdict: Promise<Verdict | undefined>;
  readonly putOff: () => void;
}

/** Longest that a call is held before the CLI asks itself: a timer of a hook is shorter than people may take. */
const longestHoldMs = 20 * 24 * 60 * 60_000;

export function createAsks({ send, isFree, onEdited }: AsksOptions): Asks {
  const held = new Map<string, Held>();
  /** Undefined: the CLI no longer asks. */
  const open = new Map<string, (verdict: Verdict | undefined) => void>();

  function withdraw(requestId: string): void {
    const resolve = open.get(requestId);
    if (!resolve) return;
    open.delete(requestId);
    send({ type: 'ask_withdrawn', requestId });
    resolve(undefined);
  }

  async function put(requestId: string, ask: SessionAsk, signal: AbortSignal): Promise<Verdict | undefined> {
    if (signal.aborted) return undefined;
    return await new Promise((resolve) => {
      open.set(requestId, resolve);
      signal.addEventListener('abort', () => withdraw(requestId), { once: true });
      send({ type: 'ask', requestId, ask });
    });
  }

  /** What people say of a call that was held, if it is still the one they were shown. */
  function takeHeld(
    toolUseId: string,
    input: JsonObject,
    signal: AbortSignal,
  ): Promise<Verdict | undefined> | undefined {
    const before = held.get(toolUseId);
    if (!before) return undefined;
    held.delete(toolUseId);
    if (!isDeepStrictEqual(before.input, input)) {
      withdraw(toolUseId);
      return undefined;
    }
    signal.addEventListener('abort', () => withdraw(toolUseId), { once: true });
    return before.verdict;
  }

  return {
    async hold(call, signal) {
      const { toolUseId, tool, input, reason: decisionReason, mcpServer } = call;
      const late = Promise.withResolvers<'decided' | 'put_off'>();
      const timer = setTimeout(() => late.resolve('decided'), longestHoldMs);
      const about = {
        toolUseID: toolUseId,
        ...describe(input),
        ...(decisionReason === undefined ? {} : { decisionReason }),
        ...(mcpServer === undefined ? {} : { mcpServer }),
      };
      const verdict = put(toolUseId, toAsk(tool, input, about), signal);
      held.set(toolUseId, { input, verdict, putOff: () => late.resolve('put_off') });
      const said = verdict.then((given) => (given === undefined ? ('withdrawn' as const) : ('decided' as const)));
      const how = await Promise.race([said, late.promise]);
      clearTimeout(timer);
      if (how === 'withdrawn') held.delete(toolUseId);
      return how;
    },
    putOff(toolUseId) {
      const call = held.get(toolUseId);
      // What the CLI says of it as it ends withdraws nothing.
      if (!call || !open.delete(toolUseId)) return false;
      held.delete(toolUseId);
      call.putOff();
      return true;
    },
    canUseTool: async (tool, rawInput, options) => {
      const input = rawInput as JsonObject;
      if (isFree(tool, options.mcpServer)) return { behavior: 'allow', updatedInput: input };
      const ask = toAsk(tool, input, options);
      const verdict = await (takeHeld(options.toolUseID, input, options.signal) ??
        put(options.requestId, ask, options.signal));
      const result = toResult(ask, input, verdict);
      const isEdited = result.behavior === 'allow' && !isDeepStrictEqual(result.updatedInput, input);
      if (isEdited && ask.kind === 'tool') onEdited(ask.toolUseId, result.updatedInput as JsonObject);
      return result;
    },
    onElicitation: async (request, { requestId, signal }) => {
      const verdict = await put(requestId, toElicitation(request), signal);
      if (verdict?.behavior !== 'elicited') return { action: 'cancel' };
      return { action: verdict.action, ...(verdict.content && { content: contentOf(verdict.content) }) };
    },
    answer(requestId, verdict) {
      const resolve = open.get(requestId);
      open.delete(requestId);
      resolve?.(verdict);
      return resolve !== undefined;
    },
  };
}

function toElicitation({ serverName: server, message, url, requestedSchema }: ElicitationRequest): SessionAsk {
  const elements = url === undefined ? elicitationForm(requestedSchema) : undefined;
  return {
    kind: 'elicitation',
    server,
    message,
    ...(url === undefined ? {} : { url }),
    ...(elements === undefined ? {} : { elements }),
  };
}

const contentSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]));

/** The host has checked it against the form. */
function contentOf(content: JsonObject): z.infer<typeof contentSchema> {
  return contentSchema.parse(content);
}

/** A question or a plan when the input has the form of one; whatever else asks is a tool. */
function toAsk(tool: string, input: JsonObject, options: AboutCall): SessionAsk {
  const { toolUseID: toolUseId } = options;
  if (tool === 'AskUserQuestion') {
    const question = askSchemas.question.safeParse({ kind: 'question', toolUseId, questions: input.questions });
    if (question.success) return question.data;
  }
  if (tool === 'ExitPlanMode') {
    const plan = askSchemas.plan.safeParse({ kind: 'plan', toolUseId, plan: input.plan });
    if (plan.success) return plan.data;
  }
  return { kind: 'tool', tool, input, toolUseId, ...aboutCall(options) };
}

/** In what words Claude says what a call is for. */
function describe({ description }: JsonObject): { description?: string } {
  return typeof description === 'string' ? { description } : {};
}

function aboutCall(
  options: AboutCall,
): Omit<Extract<SessionAsk, { kind: 'tool' }>, 'kind' | 'tool' | 'input' | 'toolUseId'> {
  const { title, description, decisionReason, blockedPath, mcpServer, agentID, defaultToNo } = options;
  const grants = options.suppressAlwaysAllowRule ? [] : grantsIn(options.suggestions ?? []);
  return {
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(decisionReason === undefined ? {} : { reason: decisionReason }),
    ...(blockedPath === undefined ? {} : { blockedPath }),
    ...(mcpServer === undefined ? {} : { mcpServer: { name: mcpServer.name, source: mcpServer.source } }),
    ...(agentID === undefined ? {} : { agent: agentID }),
    ...(defaultToNo ? { defaultToNo } : {}),
    ...(grants.length > 0 ? { grants } : {}),
  };
}

/** Suggestions that can be taken; when one cannot, none is, for they belong together. */
function grantsIn(suggestions: readonly PermissionUpdate[]) {
  const grants = suggestions.map((suggestion) => grantSchema.safeParse(suggestion).data);
  return grants.every((grant) => grant !== undefined) && grants.length <= mostGrants ? grants : [];
}

/** The questions given back are the CLI's own, with what people are not shown. */
function toResult(ask: SessionAsk, input: JsonObject, verdict: Verdict | undefined): PermissionResult {
  if (verdict === undefined || verdict.behavior === 'elicited') {
    return { behavior: 'deny', message: 'Claude no longer asks' };
  }
  if (verdict.behavior === 'deny') {
    const { message, interrupt = false } = verdict;
    return { behavior: 'deny', message, interrupt };
  }
  const { updatedInput: changed = input, grants = [] } = verdict;
  const updatedInput = ask.kind === 'question' ? { ...changed, questions: input.questions } : changed;
  if (grants.length === 0) return { behavior: 'allow', updatedInput };
  // Settings files cannot be written here; the host keeps what was granted.
  return { behavior: 'allow', updatedInput, updatedPermissions: grants.map(toUpdate) };
}

function toUpdate(grant: Grant): PermissionUpdate {
  if (grant.type !== 'addRules') return { ...grant, destination: 'session' };
  const rules = grant.rules.map(({ toolName, ruleContent }) => ({
    toolName,
    ...(ruleContent === undefined ? {} : { ruleContent }),
  }));
  return { ...grant, rules, destination: 'session' };
}
