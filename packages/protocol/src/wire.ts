import * as z from 'zod';
import { cacheEnvSchema } from './caches.ts';
import { errorBodySchema } from './errors.ts';
import { contextUseSchema, factsSchema, taskSchema, taskStepSchema } from './facts.ts';
import { effortSchema, grantSchema, permissionModeSchema } from './grants.ts';
import { idSchema } from './ids.ts';
import { jsonObjectSchema, jsonSchema } from './json.ts';
import { toldMcpServerSchema } from './mcp.ts';
import { sessionAskSchema } from './requests.ts';
import { agentSchema, toolResultSchema, toolSpecSchema } from './service-channel.ts';

/*
 * The wire: HTTP/2 over one duplex byte stream between a host (server) and a runner (client).
 *
 * Opening: the host sends one line of JSON (`hostHelloSchema`), the runner answers one line (`runnerHelloSchema`) and,
 * if it accepted, starts HTTP/2 on the same bytes. Then the runner opens POST `wireRoutes.stream` once; its request
 * body is the stream up, its response body the stream down, both newline-delimited JSON. Model requests are ordinary
 * HTTP/2 requests below `wireRoutes.model`, with the model API's own paths. A runner that resumes reads what Claude
 * remembers with GET `wireRoutes.transcript`, newline-delimited JSON too (`transcriptLineSchema`).
 *
 * Requests to an MCP server the host reaches for the session are HTTP/2 requests to `wireRoutes.mcp/<name>`, with the
 * methods and the headers (`isMcpRequestHeader`) of MCP's streamable HTTP. The host knows where the server is and what it
 * is to be sent besides; where it answers itself, it says why in plain text. Neither side sends a POST twice.
 */

export const wireVersion = 1;
export const wireRoutes = { stream: '/stream', model: '/model', mcp: '/mcp', transcript: '/transcript' } as const;

/** Longest line either side accepts, in bytes. */
export const maxWireLine = 64 * 1024 * 1024;

export const hostHelloSchema = z.object({
  v: z.literal(wireVersion),
  session: idSchema,
  container: z.string(),
  /** Of the host's hold on the session; a runner takes only a higher one than it has seen, and closes the older wire. */
  epoch: z.number().int().positive(),
  /** Secret given to the session; the container knows its SHA-256 only. */
  token: z.string(),
  /** Number of the last up frame the host has committed from this container; 0 when none. */
  upCommitted: z.number().int().nonnegative(),
});
export type HostHello = z.infer<typeof hostHelloSchema>;

export const runnerHelloSchema = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    v: z.literal(wireVersion),
    /** Number of the last down frame this runner has taken; 0 when none. */
    downTaken: z.number().int().nonnegative(),
  }),
  z.object({ ok: z.literal(false), reason: z.enum(['version', 'session', 'token', 'epoch', 'malformed']) }),
]);
export type RunnerHello = z.infer<typeof runnerHelloSchema>;

/** What the container is told at birth, as JSON in the environment variable `AIRLOCK_SESSION`. Holds no secret. */
export const sessionSpecSchema = z.object({
  session: idSchema,
  /** Hex SHA-256 of the wire token. */
  tokenHash: z.string().regex(/^[0-9a-f]{64}$/),
  model: z.string().optional(),
  /** Added to the system prompt, after the project's CLAUDE.md. */
  appendSystemPrompt: z.string().max(64_000).optional(),
  maxTurns: z.number().int().positive().optional(),
  permissionMode: permissionModeSchema.optional(),
  effort: effortSchema.optional(),
  fallbackModel: z.string().optional(),
  allowedTools: z.array(z.string()).optional(),
  disallowedTools: z.array(z.string()).optional(),
  /** Folders below `imagePaths.plugins`. */
  plugins: z.array(z.string()).optional(),
  agents: z.record(z.string(), agentSchema).optional(),
  mcpServers: z.record(z.string(), toldMcpServerSchema).optional(),
  /** Tools of the service: the host is asked to run them. */
  tools: z.array(toolSpecSchema).optional(),
  /** Variables for the CLI and its tools, beside those the runner sets. */
  env: cacheEnvSchema.optional(),
  /** The host has rules: it is asked about every call of a tool. */
  checks: z.boolean().optional(),
  /** What people have allowed for all of the conversation. */
  grants: z.array(grantSchema).optional(),
  /** Without a host for this long the runner ends itself. */
  orphanMs: z.number().int().positive(),
  /** An earlier container held this conversation: the runner takes it up from the host's transcript. */
  resumes: z.boolean().optional(),
  /**
   * The earlier container put off a call, in the turn of `prompt` that began at `since`: the CLI asks about it again without
   * being told anything. Without `prompt`, nobody waits for that turn.
   */
  putOff: z.object({ prompt: z.string().optional(), since: z.iso.datetime().optional() }).optional(),
});
export type SessionSpec = z.infer<typeof sessionSpecSchema>;

const block = { messageId: z.string(), block: z.number().int().nonnegative() };
/** Said or done by a sub-agent: the tool call that began it. */
const beneath = { parent: z.string().optional() };

/** Token counts of one model, as the CLI reports them for a turn. */
export const modelTokensSchema = z.object({
  model: z.string(),
  inputTokens: z.number().int().nonnegative(),
  outputTokens: z.number().int().nonnegative(),
  cacheReadTokens: z.number().int().nonnegative(),
  cacheWriteTokens: z.number().int().nonnegative(),
});
export type ModelTokens = z.infer<typeof modelTokensSchema>;

/** One thing a runner reports. */
const singleFrameSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ready'),
    model: z.string(),
    cliVersion: z.string(),
    tools: z.array(z.string()),
    facts: factsSchema.optional(),
  }),
  /** What `ready` said is so no more. */
  z.object({ type: z.literal('facts'), facts: factsSchema }),
  z.object({ type: z.literal('message'), ...block, ...beneath, text: z.string() }),
  z.object({ type: z.literal('thinking'), ...block, ...beneath, text: z.string() }),
  z.object({
    type: z.literal('tool_use'),
    ...block,
    ...beneath,
    toolUseId: z.string(),
    tool: z.string(),
    input: jsonObjectSchema,
  }),
  z.object({
    type: z.literal('tool_result'),
    toolUseId: z.string(),
    isError: z.boolean(),
    text: z.string(),
    truncated: z.boolean(),
  }),
  /**
   * `requestId` is the CLI's own, or the id of the call while that is held before the CLI decides; the same ask never comes
   * under two ids. One about a call that was put off comes again, from the next container.
   */
  z.object({ type: z.literal('ask'), requestId: z.string(), ask: sessionAskSchema }),
  z.object({ type: z.literal('ask_withdrawn'), requestId: z.string() }),
  /** Everything but this ask is done: its call could be put off. */
  z.object({ type: z.literal('waits'), requestId: z.string() }),
  /** The call of this ask cannot be put off now: the container stays. */
  z.object({ type: z.literal('not_put_off'), requestId: z.string() }),
  /** A call that was put off is decided, and may have run once this is committed; not before. */
  z.object({ type: z.literal('taken_up'), toolUseId: z.string() }),
  /** The CLI does not ask again about the call that was put off; the runner ends once this is committed. */
  z.object({ type: z.literal('not_asked') }),
  /** Claude uses a tool of the service; answered by `tool_answer`. `callId` is the runner's own. */
  z.object({
    type: z.literal('tool_call'),
    callId: z.string(),
    toolUseId: z.string(),
    tool: z.string(),
    input: jsonObjectSchema,
  }),
  /** Whether the host's rules say anything about a call; answered by `checked`. */
  z.object({ type: z.literal('check'), toolUseId: z.string(), tool: z.string(), input: jsonObjectSchema }),
  z.object({
    type: z.literal('retry'),
    attempt: z.number().int().positive(),
    maxRetries: z.number().int().nonnegative(),
    delayMs: z.number().nonnegative(),
    status: z.number().int().nullable(),
    error: z.string(),
  }),
  z.object({
    type: z.literal('turn'),
    /** uuid of the prompt or notice this turn answers; `prompts` has those of every message it has taken up. */
    prompt: z.string().nullable(),
    prompts: z.array(z.string()).optional(),
    /** The CLI began this turn by itself, because a background task ended. */
    byItself: z.boolean().optional(),
    context: contextUseSchema.optional(),
    isError: z.boolean(),
    subtype: z.string(),
    terminalReason: z.string().nullable(),
    /** HTTP status of the model API behind a failed turn, if that was it. */
    apiStatus: z.number().int().nullable(),
    text: z.string(),
    durationMs: z.number().nonnegative(),
    /** Used in this turn alone. */
    tokens: z.array(modelTokensSchema),
  }),
  /** Everything that runs beside Claude now, in place of what was said before. */
  z.object({ type: z.literal('tasks'), tasks: z.array(taskSchema).max(100) }),
  z.object({ type: z.literal('task'), task: taskStepSchema }),
  /** A batch of the SDK's transcript, as SessionStore.append got it. */
  z.object({
    type: z.literal('transcript'),
    projectKey: z.string(),
    subpath: z.string().optional(),
    entries: z.array(jsonSchema),
  }),
  /** Worth a line in the log, shown to nobody by default. */
  z.object({ type: z.literal('note'), text: z.string() }),
  /** The conversation cannot go on; the runner ends after this is acknowledged. */
  z.object({ type: z.literal('failure'), error: errorBodySchema }),
  /** The conversation was ended as asked; the runner ends after this is acknowledged. */
  z.object({ type: z.literal('ended') }),
]);
export type SingleFrame = z.infer<typeof singleFrameSchema>;

/** What a runner reports, numbered, in one order. */
export const upFrameSchema = z.discriminatedUnion('type', [
  singleFrameSchema,
  /** Committed together: a transcript and what people are shown of it. */
  z.object({ type: z.literal('batch'), frames: z.array(singleFrameSchema).min(1) }),
]);
export type UpFrame = z.infer<typeof upFrameSchema>;

/** Live text: not numbered, not kept. After attaching, the first delta of a block carries its text so far. */
export const liveFrameSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('delta'), ...block, kind: z.enum(['text', 'thinking']), text: z.string() }),
  z.object({ type: z.literal('retract'), messageId: z.string() }),
]);
export type LiveFrame = z.infer<typeof liveFrameSchema>;

export const upLineSchema = z.union([
  z.object({ n: z.number().int().positive(), frame: upFrameSchema }),
  z.object({ live: liveFrameSchema }),
  z.object({ ack: z.number().int().nonnegative() }),
]);
export type UpLine = z.infer<typeof upLineSchema>;

/** The verdict on an ask, in the SDK's own form. */
export const verdictSchema = z.discriminatedUnion('behavior', [
  z.object({
    behavior: z.literal('allow'),
    updatedInput: jsonObjectSchema.optional(),
    /** What is allowed from now on, too. */
    grants: z.array(grantSchema).optional(),
  }),
  /** Of an elicitation. */
  z.object({
    behavior: z.literal('elicited'),
    action: z.enum(['accept', 'decline', 'cancel']),
    content: jsonObjectSchema.optional(),
  }),
  z.object({ behavior: z.literal('deny'), message: z.string(), interrupt: z.boolean().optional() }),
]);
export type Verdict = z.infer<typeof verdictSchema>;

/** What a host tells a runner, numbered, in one order. */
export const downFrameSchema = z.discriminatedUnion('type', [
  /** The CLI runs a uuid once, so a prompt may be sent again. */
  z.object({ type: z.literal('prompt'), uuid: z.string(), text: z.string() }),
  /** Said to Claude by the host and not by a person; run once, like a prompt. */
  z.object({ type: z.literal('notice'), uuid: z.string(), text: z.string() }),
  z.object({ type: z.literal('answer'), requestId: z.string(), verdict: verdictSchema }),
  /** What a rule says about a call; without a decision, none does. */
  z.object({
    type: z.literal('checked'),
    toolUseId: z.string(),
    decision: z.enum(['allow', 'ask', 'deny']).optional(),
    reason: z.string().optional(),
  }),
  z.object({ type: z.literal('tool_answer'), callId: z.string(), result: toolResultSchema }),
  z.object({ type: z.literal('interrupt') }),
  /** Stops something that runs beside Claude. */
  z.object({ type: z.literal('stop_task'), id: z.string() }),
  /** How Claude works from now on; null: the model's or the CLI's own. */
  z.object({
    type: z.literal('settings'),
    permissionMode: permissionModeSchema.optional(),
    model: z.string().nullable().optional(),
    effort: effortSchema.nullable().optional(),
  }),
  /** The call of this ask is put off, and the conversation ends; the next container asks about it again. */
  z.object({ type: z.literal('put_off'), requestId: z.string() }),
  z.object({ type: z.literal('end') }),
]);
export type DownFrame = z.infer<typeof downFrameSchema>;

export const downLineSchema = z.union([
  z.object({ n: z.number().int().positive(), frame: downFrameSchema }),
  z.object({ ack: z.number().int().nonnegative() }),
]);
export type DownLine = z.infer<typeof downLineSchema>;

/** What a resuming runner is sent: the entries kept, in order, and last of all how many they were. */
export const transcriptLineSchema = z.union([
  z.object({ projectKey: z.string(), subpath: z.string().optional(), entry: jsonSchema }),
  z.object({ end: z.number().int().nonnegative() }),
]);
export type TranscriptLine = z.infer<typeof transcriptLineSchema>;
