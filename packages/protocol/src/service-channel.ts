import * as z from 'zod';
import { elementsSchema } from './elements.ts';
import { errorBodySchema } from './errors.ts';
import { shownSchema } from './events.ts';
import { idSchema } from './ids.ts';
import { jsonObjectSchema, jsonSchema } from './json.ts';
import { usageSchema } from './usage.ts';

/*
 * The channel between the host and a service process (node:child_process IPC, JSON). The process only asks; the host
 * acts, writes, and sends outcomes in log order.
 */

/** What people see of a service before they start it. */
export const serviceManifestSchema = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/),
  title: z.string(),
  description: z.string(),
  version: z.string(),
  tags: z.array(z.string()),
  elements: elementsSchema,
});
export type ServiceManifest = z.infer<typeof serviceManifestSchema>;

/** Settings of a session, all with defaults on the host. Times in milliseconds. */
export const sessionOptionsSchema = z.object({
  model: z.string().optional(),
  appendSystemPrompt: z.string().max(64_000).optional(),
  /** A turn in which neither model, tool nor person does anything this long ends as an error. Default 11 minutes. */
  stallMs: z.number().int().positive().optional(),
  /** How long a person has to answer one of the session's requests. Default 7 days. */
  answerMs: z.number().int().positive().optional(),
  /** Workspace limit in bytes. Default 5 GiB. */
  workspaceBytes: z.number().int().positive().optional(),
  /** Container memory limit in bytes. Default 1 GiB. */
  memoryBytes: z.number().int().positive().optional(),
  /** Lines of Claude's left out of what people see (events and deltas). The service's `Turn` keeps them. */
  hiddenLines: z.array(z.string().min(1).max(200)).max(20).optional(),
});
export type SessionOptions = z.infer<typeof sessionOptionsSchema>;

/** A turn as the service gets it. */
export const turnSchema = z.object({
  text: z.string(),
  durationMs: z.number().nonnegative(),
  usage: usageSchema,
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
    /** How long people have to answer; the call fails with `request_expired` after it. */
    expiresMs: z.number().int().positive(),
    /** Whether the process wants to turn the answer into a value (`lease` messages). */
    lease: z.boolean(),
  }),
  /** Opens a session. `session` is its name inside the execution. The outcome is `{id}`. */
  z.object({ kind: z.literal('session_open'), session: z.string(), options: sessionOptionsSchema }),
  /** One turn. The outcome is a `Turn`; a failed turn is an error. */
  z.object({ kind: z.literal('session_send'), session: z.string(), text: z.string() }),
  z.object({ kind: z.literal('session_end'), session: z.string() }),
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
    /** Calls made before, in the order they were made. */
    calls: z.array(recordedCallSchema),
    /** Their outcomes, in log order. */
    outcomes: z.array(z.object({ key: z.string(), outcome: outcomeSchema })),
  }),
  z.object({ type: z.literal('outcome'), execution: idSchema, key: z.string(), outcome: outcomeSchema }),
  /** Turns the answer of an open lock into a value; answered by `leased` with the same `id`. */
  z.object({
    type: z.literal('lease'),
    id: z.string(),
    execution: idSchema,
    key: z.string(),
    inputs: jsonObjectSchema,
  }),
  /** Aborts `ctx.signal` and forgets the execution; nothing it still sends is taken. */
  z.object({ type: z.literal('cancel'), execution: idSchema, reason: z.string() }),
]);
export type ToService = z.infer<typeof toServiceSchema>;

export const fromServiceSchema = z.discriminatedUnion('type', [
  /** First message of a process. */
  z.object({ type: z.literal('manifest'), manifest: serviceManifestSchema }),
  /** Instead of a manifest when the module does not load. */
  z.object({ type: z.literal('unusable'), error: errorBodySchema }),
  z.object({ type: z.literal('call'), execution: idSchema, key: z.string(), call: callSchema }),
  z.object({ type: z.literal('leased'), id: z.string(), outcome: outcomeSchema }),
  z.object({ type: z.literal('finished'), execution: idSchema, final: shownSchema }),
  z.object({ type: z.literal('failed'), execution: idSchema, error: errorBodySchema }),
]);
export type FromService = z.infer<typeof fromServiceSchema>;
