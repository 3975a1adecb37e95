import * as z from 'zod';
import { assigneeSchema } from './assign.ts';
import { cacheSchema } from './caches.ts';
import { elementsSchema } from './elements.ts';
import { shownSchema } from './events.ts';
import { executionStatusSchema } from './executions.ts';
import { contextUseSchema, factsSchema, taskSchema } from './facts.ts';
import { effortSchema, grantSchema, permissionModeSchema } from './grants.ts';
import { idSchema } from './ids.ts';
import { jsonObjectSchema } from './json.ts';
import { requestSchema } from './requests.ts';
import { roleSchema } from './roles.ts';
import { ruleSchema } from './rules.ts';
import { usageSchema } from './usage.ts';
import { waitSchema } from './waits.ts';

export const apiBase = '/api/v1';
export const defaultPort = 3370;

export const loginSchema = z.strictObject({ name: z.string().min(1).max(100), password: z.string().min(1).max(1000) });

export const userSchema = z.object({ name: z.string(), role: roleSchema });
export type User = z.infer<typeof userSchema>;

/** A version of a service that is not served to new executions, and has some that have not ended. */
export const olderVersionSchema = z.object({
  /** First characters of the SHA-256 of its bundle. */
  hash: z.string(),
  /** What the service calls it; empty when it is not known any more. */
  version: z.string(),
  deployedAt: z.iso.datetime().nullable(),
  /** Executions of it that have not ended. */
  open: z.number().int().positive(),
});
export type OlderVersion = z.infer<typeof olderVersionSchema>;

export const serviceSummarySchema = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  version: z.string(),
  /** First characters of the SHA-256 of the bundle new executions run; empty when there is none. */
  hash: z.string(),
  tags: z.array(z.string()),
  /** `unusable` services say why in `problem`. Those `removed` are listed as long as executions of theirs are open. */
  state: z.enum(['ready', 'unusable', 'removed']),
  /** Why it cannot be started; of a `ready` one, why its newest source is not served. */
  problem: z.string().optional(),
  older: z.array(olderVersionSchema),
});
export type ServiceSummary = z.infer<typeof serviceSummarySchema>;

export const serviceSchema = serviceSummarySchema.extend({ elements: elementsSchema });
export type Service = z.infer<typeof serviceSchema>;

export const deployBodySchema = z.strictObject({
  /** Only this one; all when left out. */
  service: z.string().min(1).max(64).optional(),
  /** Whether executions that wait go on with what is deployed, instead of the version they began with. */
  move: z.boolean().default(false),
});

/** What became of a service in a deployment. */
export const deployedSchema = z.object({
  service: z.string(),
  outcome: z.enum(['deployed', 'unchanged', 'refused', 'removed']),
  /** What new executions run from now on; empty when nothing does. */
  version: z.string(),
  hash: z.string(),
  /** Why it was refused. */
  problem: z.string().optional(),
  /** Executions that could not go on with it, the first 100; it is refused because of them. */
  breaking: z.array(
    z.object({
      execution: idSchema,
      /** A request that is open in it. */
      request: idSchema.nullable(),
      problem: z.string(),
    }),
  ),
  /** Executions that go on with it now, and those that stay with older versions. */
  moved: z.number().int().nonnegative(),
  staying: z.number().int().nonnegative(),
});
export type Deployed = z.infer<typeof deployedSchema>;

export const launchSchema = z.strictObject({ inputs: jsonObjectSchema });

export const executionSummarySchema = z.object({
  id: idSchema,
  service: z.string(),
  title: z.string(),
  /** First words of the inputs, to recognise it by. */
  excerpt: z.string(),
  status: executionStatusSchema,
  /** Open requests. */
  awaiting: z.number().int().nonnegative(),
  user: z.string(),
  /** First characters of the SHA-256 of the bundle it runs; null when it has none yet. */
  hash: z.string().nullable(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  /** How long people were waited for, in milliseconds, without the wait that goes on since `waitingSince`. */
  waitedMs: z.number().int().nonnegative(),
  waitingSince: z.iso.datetime().nullable(),
  usage: usageSchema,
  /** How many are before it: in the queue of its service, or once it runs for room for a container. Null: it does not queue. */
  queue: z.number().int().nonnegative().nullable(),
  /** Why it is being stopped; null when it is not. */
  stopping: z.string().nullable(),
  /** What it waits for at this moment; null when it has ended. */
  waitsFor: waitSchema.nullable(),
});
export type ExecutionSummary = z.infer<typeof executionSummarySchema>;

export const executionSchema = executionSummarySchema.extend({
  inputs: jsonObjectSchema,
  requests: z.array(requestSchema),
  result: shownSchema.nullable(),
  /** Last seq of its log, so that a viewer knows what is old. */
  lastSeq: z.number().int().nonnegative(),
});
export type Execution = z.infer<typeof executionSchema>;

/** Whom a request is handed on to. */
export const assignBodySchema = z.strictObject({
  to: assigneeSchema,
  note: z.string().max(1_000).optional(),
});
export type AssignBody = z.infer<typeof assignBodySchema>;

/** Something said to Claude beside what its service says. */
export const messageBodySchema = z.strictObject({ text: z.string().trim().min(1).max(100_000) });

/** How Claude works from now on; null: the model's or Claude Code's own. */
export const sessionSettingsSchema = z
  .strictObject({
    permissionMode: permissionModeSchema.optional(),
    model: z.string().min(1).max(200).nullable().optional(),
    effort: effortSchema.nullable().optional(),
  })
  .refine((settings) => Object.keys(settings).length > 0, 'Name what to change');
export type SessionChange = z.infer<typeof sessionSettingsSchema>;

/** A conversation with Claude: what it is made of and may do, and what runs in it now. */
export const sessionViewSchema = z.object({
  id: idSchema,
  execution: z.string(),
  /** Inside its execution. */
  name: z.string(),
  state: z.enum(['starting', 'live', 'hibernating', 'hibernated', 'ending', 'ended', 'lost']),
  /** A turn is in progress. */
  working: z.boolean(),
  /** `digest`: the engine's id of the image; null when the session was begun by an older Airlock. */
  image: z.object({ reference: z.string(), digest: z.string().nullable() }),
  /** The engine's id of its container; null when it has none. */
  container: z.string().nullable(),
  limits: z.object({ cpus: z.number(), memoryBytes: z.number(), workspaceBytes: z.number() }),
  /** Where its workspace began; null: empty. */
  repository: z.object({ url: z.string(), ref: z.string().nullable() }).nullable(),
  /** Packages it finds ready, at `/caches/<name>`. */
  caches: z.array(cacheSchema),
  /** What of `/workspace/out` is not kept as a result. */
  outExclude: z.array(z.string()),
  rules: z.array(ruleSchema),
  allowedTools: z.array(z.string()),
  disallowedTools: z.array(z.string()),
  /** Tools its service runs. */
  serviceTools: z.array(z.object({ name: z.string(), ask: z.boolean() })),
  /** What people have allowed for all of the conversation. */
  grants: z.array(grantSchema),
  /** Null until the CLI has told. */
  facts: factsSchema.nullable(),
  /** How full Claude's memory was after the last turn. */
  context: contextUseSchema.nullable(),
  /** What runs beside Claude. */
  tasks: z.array(taskSchema),
});
export type SessionView = z.infer<typeof sessionViewSchema>;

export const answerBodySchema = z.strictObject({ inputs: jsonObjectSchema });

export const systemSchema = z.object({
  version: z.string(),
  node: z.string(),
  /** `simulated` when no key is set: replies come from model-sim. */
  model: z.enum(['api', 'simulated']),
  upstream: z.string(),
  engine: z.object({ name: z.string(), version: z.string() }).nullable(),
  image: z.object({ reference: z.string(), usable: z.boolean() }),
  /** Containers kept started ahead of time: how many there are, and may be, and the memory they may take, in bytes. */
  warm: z.object({ count: z.number(), most: z.number(), memoryBytes: z.number() }),
  store: z.enum(['sqlite', 'postgres']),
});
export type System = z.infer<typeof systemSchema>;

export function listSchema<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}
