import * as z from 'zod';
import { assigneeSchema, assignSchema } from './assign.ts';
import { elementsSchema } from './elements.ts';
import { errorBodySchema } from './errors.ts';
import { executionStatusSchema } from './executions.ts';
import { contextUseSchema, factsSchema, taskStepSchema } from './facts.ts';
import { idSchema } from './ids.ts';
import { jsonObjectSchema, jsonSchema } from './json.ts';
import { sessionAskSchema } from './requests.ts';
import { usageSchema } from './usage.ts';

const session = idSchema;
const text = z.string();

/** Something shown to people. Markdown and html come from services and models: sanitise before rendering. */
export const shownSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('markdown'), body: text }),
  z.object({ type: z.literal('html'), body: text }),
  z.object({ type: z.literal('text'), body: text }),
  z.object({ type: z.literal('json'), body: jsonSchema }),
]);
export type Shown = z.infer<typeof shownSchema>;

/** A content block of a message: the id the model API gave the message, and the block's place in it. */
const block = { session, messageId: text, block: z.number().int().nonnegative() };
/** Said or done by a sub-agent: the tool call that began it. */
const beneath = { parent: text.optional() };

/** Payloads by event kind. Fourteen kinds are Kodosumi's, the rest are ours. */
export const eventPayloads = {
  status: z.object({ status: executionStatusSchema, reason: text.optional() }),
  meta: z.object({ service: text, title: text, user: text }),
  inputs: z.object({ inputs: jsonObjectSchema }),
  /** Something that works beside Claude, or beneath it; or what a service says of an agent of its own. */
  agent: z.union([taskStepSchema.extend({ session }), z.object({ body: jsonSchema })]),
  action: shownSchema,
  result: shownSchema,
  final: shownSchema,
  error: errorBodySchema,
  /** A form request was opened. */
  lock: z.object({
    request: idSchema,
    name: text,
    elements: elementsSchema,
    expiresAt: z.iso.datetime().optional(),
    assign: assignSchema.optional(),
  }),
  /** A form request ended: answered with `inputs`, or expired (`inputs`: what was taken instead) or withdrawn. */
  lease: z.object({
    request: idSchema,
    name: text,
    outcome: z.enum(['answered', 'expired', 'withdrawn']),
    by: text.optional(),
    inputs: jsonObjectSchema.optional(),
    value: jsonSchema.optional(),
  }),
  /** A request was handed on to others; whoever started the execution may still answer it. */
  assigned: z.object({
    request: idSchema,
    assign: assignSchema,
    /** Left out when nobody answered in time, and the service said who may then. */
    by: text.optional(),
    to: assigneeSchema.optional(),
    note: text.optional(),
  }),
  /** A request still waits; `n` counts from 1. */
  reminder: z.object({ request: idSchema, n: z.number().int().positive() }),
  upload: z.object({ files: z.array(z.object({ path: text, size: z.number().int().nonnegative() })) }),
  debug: z.object({ text }),
  stdout: z.object({ text }),
  stderr: z.object({ text }),
  session: z.object({
    session,
    /**
     * `resumed`: another container takes the place of the one before; `resting`: it will when there is something to do;
     * `queued`: there is no room for its container yet, `detail` says how many are before it;
     * `hibernated`: it gave up its container, and will be resumed when there is something to do;
     * `interrupted`, `changed`: by a person, `detail` says by whom and what.
     */
    state: z.enum([
      'starting',
      'queued',
      'ready',
      'unreachable',
      'attached',
      'resumed',
      'resting',
      'hibernated',
      'interrupted',
      'changed',
      'ended',
      'lost',
    ]),
    container: text.optional(),
    image: text.optional(),
    /** The engine's id of the image. */
    digest: text.optional(),
    model: text.optional(),
    detail: text.optional(),
    /** With `ready`, and with `changed` when they are others now. */
    facts: factsSchema.optional(),
  }),
  /** Something said to Claude. `id` is the uuid the CLI runs once. */
  prompt: z.object({ session, id: text, text, by: text.optional() }),
  /** One finished text block of Claude's. */
  message: z.object({ ...block, ...beneath, text }),
  thinking: z.object({ ...block, ...beneath, text }),
  tool_use: z.object({ ...block, ...beneath, toolUseId: text, tool: text, input: jsonObjectSchema }),
  tool_result: z.object({ session, toolUseId: text, isError: z.boolean(), text, truncated: z.boolean() }),
  /** A turn ended. `text` is Claude's last text; `error` is set when the turn failed. */
  turn: z.object({
    session,
    prompt: text.nullable(),
    text,
    error: errorBodySchema.optional(),
    /** A person stopped it. */
    interrupted: z.boolean().optional(),
    durationMs: z.number().nonnegative(),
    usage: usageSchema,
    context: contextUseSchema.optional(),
  }),
  /** The model API failed (`session`), or a step of the service (`step`, its name): tried again after `delayMs`. */
  retry: z.object({
    session: session.optional(),
    step: text.optional(),
    /** The attempt that failed; 1 is the first. */
    attempt: z.number().int().positive(),
    maxRetries: z.number().int().nonnegative(),
    delayMs: z.number().nonnegative(),
    status: z.number().int().nullable(),
    reason: text,
  }),
  usage: z.object({ session, model: text, usage: usageSchema }),
  /** A session's request (`tool`, `question`) was opened. */
  request: z.object({ request: idSchema, session, ask: sessionAskSchema, expiresAt: z.iso.datetime().optional() }),
  /** A session's request ended. */
  answer: z.object({
    request: idSchema,
    session,
    outcome: z.enum(['answered', 'expired', 'withdrawn']),
    by: text.optional(),
    inputs: jsonObjectSchema.optional(),
  }),
} as const;

export type EventKind = keyof typeof eventPayloads;
export const eventKindSchema = z.enum(Object.keys(eventPayloads) as [EventKind, ...EventKind[]]);
export type EventPayload<K extends EventKind> = z.infer<(typeof eventPayloads)[K]>;

/** One line of an execution's log; `seq` starts at 1 and has no gaps, `at` is ISO 8601 UTC. */
export type Event = { [K in EventKind]: { seq: number; at: string; kind: K; payload: EventPayload<K> } }[EventKind];

/** What is appended: the host gives `seq` and `at`. */
export type NewEvent = { [K in EventKind]: { kind: K; payload: EventPayload<K> } }[EventKind];

/** Parses a stored event; throws a ZodError when its payload does not fit its kind. */
export function parseEvent(raw: { seq: number; at: string; kind: string; payload: unknown }): Event {
  const kind = eventKindSchema.parse(raw.kind);
  return { seq: raw.seq, at: raw.at, kind, payload: eventPayloads[kind].parse(raw.payload) } as Event;
}

/** Live text not yet stored (SSE `event: delta`). A viewer who joins gets the text so far as the first delta. */
export const deltaSchema = z.object({ ...block, kind: z.enum(['text', 'thinking']), text });
export type Delta = z.infer<typeof deltaSchema>;

/** Live text that was given up (SSE `event: retract`): drop every unfinished block of this message. */
export const retractSchema = z.object({ session, messageId: text });
export type Retract = z.infer<typeof retractSchema>;
