import * as z from 'zod';
import { assigneeSchema, assignSchema } from './assign.ts';
import { elementsSchema } from './elements.ts';
import { grantSchema, mostGrants, permissionModeSchema } from './grants.ts';
import { idSchema } from './ids.ts';
import { jsonObjectSchema } from './json.ts';

/** Who handed a request on, when, and what he said with it. Without `by`: nobody answered in time. */
export const handedSchema = z.object({
  by: z.string().optional(),
  at: z.iso.datetime(),
  to: assigneeSchema.optional(),
  note: z.string().max(1_000).optional(),
});
export type Handed = z.infer<typeof handedSchema>;

const common = {
  id: idSchema,
  execution: idSchema,
  /** ISO 8601, UTC. */
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().optional(),
  /** Who may answer beside administrators; left out: the owner of the execution. */
  assign: assignSchema.optional(),
  /** The last time somebody handed it on. */
  handed: handedSchema.optional(),
  /** The last time people were reminded of it. */
  remindedAt: z.iso.datetime().optional(),
  /** The execution it belongs to, for those who are asked. */
  origin: z.object({ title: z.string(), user: z.string() }).optional(),
  /** Why it stands before the user who asks for it, in a sentence; left out when that one may not answer. */
  why: z.string().optional(),
};

/** One question of Claude's AskUserQuestion tool. */
export const questionSchema = z.object({
  question: z.string(),
  header: z.string(),
  multiSelect: z.boolean(),
  /** `preview`: Markdown that shows what the option would look like. */
  options: z.array(z.object({ label: z.string(), description: z.string(), preview: z.string().exactOptional() })),
});
export type Question = z.infer<typeof questionSchema>;

/** What a person is asked, by kind. Texts in `tool` and `question` come from the model and are hostile. */
export const askSchemas = {
  form: z.object({ kind: z.literal('form'), name: z.string(), elements: elementsSchema }),
  tool: z.object({
    kind: z.literal('tool'),
    tool: z.string(),
    input: jsonObjectSchema,
    toolUseId: z.string(),
    title: z.string().optional(),
    description: z.string().optional(),
    /** Why the CLI asks, in its own words. */
    reason: z.string().optional(),
    /** What "allow always" would allow; left out when the CLI offers no such thing. */
    grants: z.array(grantSchema).min(1).max(mostGrants).optional(),
    /** The input of another call of this tool that was allowed and never ran, for its container was lost. Set by the host. */
    changedFrom: jsonObjectSchema.optional(),
    /** It must not be allowed by accident. */
    defaultToNo: z.boolean().optional(),
    /** The path that is outside of where Claude may work. */
    blockedPath: z.string().optional(),
    /** Where the tool comes from, when from an MCP server. The name is whatever its configuration says. */
    mcpServer: z.object({ name: z.string(), source: z.string() }).optional(),
    /** The sub-agent that asks. */
    agent: z.string().optional(),
  }),
  question: z.object({ kind: z.literal('question'), toolUseId: z.string(), questions: z.array(questionSchema).min(1) }),
  /** An MCP server asks a person: with a form, or to open an address. Texts in it are the server's. */
  elicitation: z.object({
    kind: z.literal('elicitation'),
    server: z.string(),
    message: z.string(),
    url: z.string().optional(),
    /** Left out with `url`, and when what it asks for has no form: it can only be declined then. */
    elements: elementsSchema.optional(),
  }),
  /** Claude has made a plan and wants to begin. Markdown. */
  plan: z.object({ kind: z.literal('plan'), toolUseId: z.string(), plan: z.string().min(1) }),
};

/** What a session asks; the runner sends it up the wire. */
export const sessionAskSchema = z.discriminatedUnion('kind', [
  askSchemas.tool,
  askSchemas.question,
  askSchemas.plan,
  askSchemas.elicitation,
]);
export type SessionAsk = z.infer<typeof sessionAskSchema>;

export const requestSchema = z.discriminatedUnion('kind', [
  askSchemas.form.extend(common),
  askSchemas.tool.extend(common).extend({ session: idSchema }),
  askSchemas.question.extend(common).extend({ session: idSchema }),
  askSchemas.plan.extend(common).extend({ session: idSchema }),
  askSchemas.elicitation.extend(common).extend({ session: idSchema }),
]);
export type Request = z.infer<typeof requestSchema>;

/** Answers by kind; those of `form` are checked against the form's elements. */
export const answerSchemas = {
  form: jsonObjectSchema,
  tool: z.strictObject({
    decision: z.enum(['allow', 'deny']),
    /** Instead of the input asked for. Claude is told. */
    updatedInput: jsonObjectSchema.optional(),
    /** Allows what `grants` name for the rest of the conversation. */
    remember: z.boolean().optional(),
    message: z.string().max(10_000).optional(),
    /** Of a denial: ends the turn, too. */
    interrupt: z.boolean().optional(),
  }),
  question: z.strictObject({
    answers: z.record(z.string(), z.string().max(10_000)),
    response: z.string().max(10_000).optional(),
    /** Words beside an answer, by question. */
    notes: z.record(z.string(), z.string().max(10_000)).optional(),
  }),
  elicitation: z.strictObject({
    action: z.enum(['accept', 'decline', 'cancel']),
    /** Of a form that is accepted; checked against its elements. */
    content: jsonObjectSchema.optional(),
  }),
  plan: z.strictObject({
    /** `deny`: Claude goes on planning, told what to change by `message`. */
    decision: z.enum(['allow', 'deny']),
    /** How Claude works from then on. */
    permissionMode: permissionModeSchema.exclude(['plan']).optional(),
    message: z.string().max(10_000).optional(),
  }),
};
