import * as z from 'zod';
import { assigneeSchema, assignSchema } from './assign.ts';
import { cachesSchema } from './caches.ts';
import { durationSchema as duration } from './durations.ts';
import { elementsSchema } from './elements.ts';
import { errorBodySchema } from './errors.ts';
import { shownSchema } from './events.ts';
import { isSafePath } from './files/names.ts';
import { effortSchema, permissionModeSchema } from './grants.ts';
import { idSchema } from './ids.ts';
import { jsonObjectSchema, jsonSchema } from './json.ts';
import { mcpServersSchema } from './mcp.ts';
import { branchPrepareSchema, branchPushSchema, repositorySchema } from './repository.ts';
import { retrySchema } from './retry.ts';
import { ruleSchema } from './rules.ts';
import { usageSchema } from './usage.ts';

/*
 * The channel between the host and a service process (node:child_process IPC, JSON). The process only asks; the host
 * acts, writes, and sends outcomes in log order.
 */

/** How the host runs a service. Times in milliseconds. */
export const servicePolicySchema = z.object({
  /** Processes of the service on one host; executions are spread over them. */
  replicas: z.number().int().min(1).max(64).default(1),
  /** Executions begun and not ended, on all hosts together; the others wait their turn. No limit when left out. */
  maxConcurrent: z.number().int().positive().optional(),
  /** An execution that takes longer ends as an error. No limit when left out. */
  executionMs: duration.min(1).optional(),
  /** How long a cancelled execution has to end by itself. */
  cancelMs: duration.default(30_000),
  /** How long an ended execution is kept, with its files. For ever when left out. */
  keepMs: duration.optional(),
});
export type ServicePolicy = z.infer<typeof servicePolicySchema>;

/** What people see of a service before they start it, and how it is run. */
export const serviceManifestSchema = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/),
  title: z.string(),
  description: z.string(),
  version: z.string(),
  tags: z.array(z.string()),
  elements: elementsSchema,
  policy: servicePolicySchema,
});
export type ServiceManifest = z.infer<typeof serviceManifestSchema>;

/** A sub-agent: what it is for, how it works, and with which tools (all when left out). */
export const agentSchema = z.strictObject({
  description: z.string().min(1).max(1_000),
  prompt: z.string().min(1).max(4_000),
  tools: z.array(z.string().min(1).max(200)).max(100).optional(),
  model: z.string().optional(),
});

/** A tool a service offers to Claude, as it crosses boundaries. */
export const toolSpecSchema = z.strictObject({
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
  description: z.string().min(1).max(4_000),
  /** JSON Schema of its input. */
  inputSchema: jsonObjectSchema,
  /** Whether people are asked before it runs. */
  ask: z.boolean(),
  /** Claude is told that it failed when it takes longer, in milliseconds. */
  timeoutMs: duration.min(1),
});
export type ToolSpec = z.infer<typeof toolSpecSchema>;

/** What Claude gets of a tool of the service. */
export const toolResultSchema = z.object({ text: z.string().max(300_000), isError: z.boolean() });
export type ToolResult = z.infer<typeof toolResultSchema>;

/** A call of a tool of the service, as the service gets it. */
export const toolUseSchema = z.object({ toolUseId: z.string(), tool: z.string(), input: jsonObjectSchema });

/** A container is told of its session in one variable of its environment, which holds no more than 128 KiB. */
const mostOptionBytes = 100_000;

const sessionOptions = z.object({
  model: z.string().optional(),
  appendSystemPrompt: z.string().max(64_000).optional(),
  /** How Claude works; `default` asks before what changes things. */
  permissionMode: permissionModeSchema.optional(),
  /** How much Claude thinks; the model's own when left out. */
  effort: effortSchema.optional(),
  /** What Claude may do, before the settings of its image say so. */
  rules: z.array(ruleSchema).max(200).optional(),
  /** What Claude may do without asking, as its settings spell it (`Bash(npm test:*)`); tools it is not given at all. */
  allowedTools: z.array(z.string().min(1).max(400)).max(100).optional(),
  disallowedTools: z.array(z.string().min(1).max(200)).max(100).optional(),
  /** Taken while `model` is overloaded. */
  fallbackModel: z.string().optional(),
  /** Steps Claude may take in one turn. */
  maxTurns: z.number().int().positive().max(10_000).optional(),
  /** Plugins of the image, by name: folders of `/app/plugins`. */
  plugins: z
    .array(z.string().regex(/^[A-Za-z0-9][\w.-]{0,63}$/, 'The name of a folder in /app/plugins'))
    .max(50)
    .optional(),
  /** Texts that lie in the workspace from the start, by their paths in it. */
  files: z.record(z.string().refine(isSafePath, 'A path within the workspace'), z.string()).optional(),
  /** Sub-agents Claude may call on, by name. */
  agents: z.record(z.string().regex(/^[a-z0-9-]{1,64}$/), agentSchema).optional(),
  /** MCP servers by name, in the container or reached by the host; `service` is that of `tools`. */
  mcpServers: mcpServersSchema.optional(),
  /** Tools the service offers, and runs itself. */
  tools: z.array(toolSpecSchema).max(50).optional(),
  /** A turn in which neither model, tool nor person does anything this long ends as an error. Default 11 minutes. */
  stallMs: z.number().int().positive().optional(),
  /** How long a person has to answer one of the session's requests. Default 7 days. */
  answerMs: z.number().int().positive().optional(),
  /** One that has had nothing to do for this long gives up its container until it has; 0: never. Default 10 minutes. */
  hibernateMs: duration.optional(),
  /** Workspace limit in bytes. Default 5 GiB. */
  workspaceBytes: z.number().int().positive().optional(),
  /** Git repository the workspace begins with. */
  repository: repositorySchema.optional(),
  caches: cachesSchema.optional(),
  /** Files in `out` that are no results: `node_modules/`, `*.tmp`, `logs/*.txt`. Default: none. */
  outExclude: z.array(z.string().min(1).max(200)).max(50).optional(),
  /** Container memory limit in bytes. Default 1 GiB. */
  memoryBytes: z.number().int().positive().optional(),
  /** CPUs the container may use at most. Default 1. */
  cpus: z.number().min(0.1).max(32).optional(),
  /** Containers of this service at once, on one host; further sessions wait in line. Default: any number. */
  atOnce: z.number().int().min(1).max(1_000).optional(),
  /** Lines of Claude's left out of what people see (events and deltas). The service's `Turn` keeps them. */
  hiddenLines: z.array(z.string().min(1).max(200)).max(20).optional(),
});
/** Settings of a session, all with defaults on the host. Times in milliseconds. */
export const sessionOptionsSchema = sessionOptions.refine(
  (options) => new TextEncoder().encode(JSON.stringify(options)).length <= mostOptionBytes,
  `The options of a session, its tools and agents included, must fit into ${mostOptionBytes} bytes`,
);
export type SessionOptions = z.infer<typeof sessionOptionsSchema>;

/** A turn as the service gets it. */
export const turnSchema = z.object({
  text: z.string(),
  durationMs: z.number().nonnegative(),
  usage: usageSchema,
  /** A person stopped it; `text` is empty then. */
  interrupted: z.literal(true).exactOptional(),
});
export type Turn = z.infer<typeof turnSchema>;

/**
 * What a service does to the outside, by kind. `emit` and `log` have no outcome: the process goes on at once, and an
 * outcome sent for one is not waited for (a failed one fails the execution).
 */
export const callSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('emit'), event: z.enum(['action', 'result']), shown: shownSchema }),
  z.object({ kind: z.literal('log'), event: z.enum(['debug', 'stdout', 'stderr']), text: z.string() }),
  /** The outcome is the time in milliseconds since 1970, UTC. */
  z.object({ kind: z.literal('now') }),
  /** Opens a form request. The outcome is the value of its lease, or the answer as `validate` cleaned it. */
  z.object({
    kind: z.literal('lock'),
    name: z.string(),
    elements: elementsSchema,
    /** How long people have to answer; without `otherwise` the call then fails with `request_expired`. */
    expiresMs: duration.min(1),
    /** Taken as the answer when nobody gave one in time. */
    otherwise: jsonObjectSchema.optional(),
    assign: assignSchema.optional(),
    /** People are reminded so long after it was opened. */
    remindMs: z.array(duration.min(1)).max(10).optional(),
    /** Who may answer, too, once it has waited so long. */
    escalate: z.object({ afterMs: duration.min(1), to: assigneeSchema }).optional(),
    /** Whether the process wants to turn the answer into a value (`lease` messages). */
    lease: z.boolean(),
  }),
  /** A file the service has put into `out` of its execution. The outcome is null. */
  z.object({
    kind: z.literal('file'),
    path: z.string().refine(isSafePath),
    size: z.number().int().nonnegative(),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  /** Opens a session. `session` is its name inside the execution. The outcome is `{id}`. */
  z.object({ kind: z.literal('session_open'), session: z.string(), options: sessionOptionsSchema }),
  /** One turn. The outcome is a `Turn`; a failed turn is an error. */
  z.object({ kind: z.literal('session_send'), session: z.string(), text: z.string() }),
  z.object({ kind: z.literal('session_end'), session: z.string() }),
  branchPrepareSchema,
  branchPushSchema,
  /** Waits until Claude uses a tool of the service. The outcome is a `toolUseSchema`. */
  z.object({ kind: z.literal('tool_next'), session: z.string() }),
  /** What Claude gets of it. The outcome is null. */
  z.object({ kind: z.literal('tool_done'), session: z.string(), toolUseId: z.string(), result: toolResultSchema }),
  /**
   * An effect of the service's own. The host begins each attempt (`step`), the process tells how it went (`stepped`).
   * The outcome is what the last attempt yielded. An attempt that was cut by a crash counts as one, and is followed by
   * another whatever `retry` says.
   */
  z.object({ kind: z.literal('step'), name: z.string().min(1).max(200), retry: retrySchema }),
  /** The outcome is null, after `ms` milliseconds. */
  z.object({ kind: z.literal('sleep'), ms: duration }),
  /** The outcome is a number in [0, 1). */
  z.object({ kind: z.literal('random') }),
  /**
   * A race has been won. `losers` are the keys of open calls nobody waits for any more: the host takes back what they
   * opened and settles each with `withdrawn`, then settles this one with null.
   */
  z.object({ kind: z.literal('race'), losers: z.array(z.string()).max(1000) }),
]);
export type Call = z.infer<typeof callSchema>;

export const outcomeSchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: jsonSchema }),
  z.object({ ok: z.literal(false), error: errorBodySchema }),
]);
export type Outcome = z.infer<typeof outcomeSchema>;

/**
 * A call as the log has it. `call` lets replay notice that the service asks for something else now. Keys read
 * `scope/kind/name#count` and are unique in an execution: a call under a known key is the same call made again. Those
 * of scope `io` are output of the process and need not come back in a replay.
 */
export const recordedCallSchema = z.object({ key: z.string(), call: callSchema });
export type RecordedCall = z.infer<typeof recordedCallSchema>;

export const toServiceSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('run'),
    execution: idSchema,
    inputs: jsonObjectSchema,
    /** Absolute path of the folder its files are in. */
    files: z.string().optional(),
    /** Calls made before, in the order they were made. */
    calls: z.array(recordedCallSchema),
    /** Their outcomes, in log order. */
    outcomes: z.array(z.object({ key: z.string(), outcome: outcomeSchema })),
  }),
  z.object({ type: z.literal('outcome'), execution: idSchema, key: z.string(), outcome: outcomeSchema }),
  /** Begins an attempt of an open `step` call; 1 is the first. */
  z.object({
    type: z.literal('step'),
    execution: idSchema,
    key: z.string(),
    attempt: z.number().int().positive(),
  }),
  /** Turns the answer of an open lock into a value; answered by `leased` with the same `id`. */
  z.object({
    type: z.literal('lease'),
    id: z.string(),
    execution: idSchema,
    key: z.string(),
    inputs: jsonObjectSchema,
  }),
  /**
   * Aborts `ctx.signal` and rejects every open call and every later one with `error`; the execution still ends by
   * itself, and its output is still taken.
   */
  z.object({ type: z.literal('cancel'), execution: idSchema, error: errorBodySchema }),
  /** Drops the execution from memory, without a word to its code; nothing it still sends is taken. */
  z.object({ type: z.literal('forget'), execution: idSchema }),
  /** Answered by `pong` with the same `n` as soon as the process gets to it. */
  z.object({ type: z.literal('ping'), n: z.number().int() }),
]);
export type ToService = z.infer<typeof toServiceSchema>;

export const fromServiceSchema = z.discriminatedUnion('type', [
  /** First message of a process. */
  z.object({ type: z.literal('manifest'), manifest: serviceManifestSchema }),
  /** Instead of a manifest when the module does not load. */
  z.object({ type: z.literal('unusable'), error: errorBodySchema }),
  z.object({ type: z.literal('call'), execution: idSchema, key: z.string(), call: callSchema }),
  z.object({ type: z.literal('leased'), id: z.string(), outcome: outcomeSchema }),
  /** How an attempt of a step went. */
  z.object({
    type: z.literal('stepped'),
    execution: idSchema,
    key: z.string(),
    attempt: z.number().int().positive(),
    outcome: outcomeSchema,
  }),
  /**
   * The execution waits for nothing but open calls of the host's: it can be forgotten and replayed. `delivered` is how
   * many outcomes it has had. Sent again whenever it is so again.
   */
  z.object({ type: z.literal('parked'), execution: idSchema, delivered: z.number().int().nonnegative() }),
  z.object({ type: z.literal('pong'), n: z.number().int() }),
  z.object({ type: z.literal('finished'), execution: idSchema, final: shownSchema }),
  z.object({ type: z.literal('failed'), execution: idSchema, error: errorBodySchema }),
]);
export type FromService = z.infer<typeof fromServiceSchema>;
