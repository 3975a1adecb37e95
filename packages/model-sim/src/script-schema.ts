import * as z from 'zod';
import { type Block, contentBlocks, stopReasons } from './answer.ts';
import { reaches } from './events.ts';
import type { Fault } from './fault.ts';
import type { JsonObject } from './json.ts';
import { patternProblem } from './pattern.ts';
import { placeholderNames, unknownPlaceholder } from './template.ts';

const count = z.int().min(0);
const times = z.int().min(1);
const gateName = z.string().min(1).max(100);
const milliseconds = z.number().min(0).max(600_000);

const text = z.string().superRefine((value, context) => {
  const name = unknownPlaceholder(value);
  if (name === undefined) return;
  context.addIssue({
    code: 'custom',
    message: `unknown placeholder {{${name}}}; there are ${placeholderNames.join(', ')}`,
  });
});

const pattern = z.string().superRefine((value, context) => {
  const problem = patternProblem(value);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

const jsonObject = z.record(z.string(), z.json()).superRefine((value, context) => {
  const name = unknownPlaceholder(JSON.stringify(value));
  if (name !== undefined) context.addIssue({ code: 'custom', message: `unknown placeholder {{${name}}}` });
});

const gatePoint = z.union([
  gateName.transform((name) => ({ name, piece: 0 })),
  z.strictObject({ name: gateName, piece: count }),
]);

const kinds = ['text', 'thinking', 'tool_use'] as const;

const block = z
  .strictObject({
    text: text.optional(),
    thinking: text.optional(),
    tool_use: z.strictObject({ name: z.string().min(1), input: jsonObject.default({}) }).optional(),
    gate: gatePoint.optional(),
  })
  .superRefine((value, context) => {
    const given = kinds.filter((kind) => value[kind] !== undefined);
    if (given.length > 1 || (given.length === 0 && value.gate === undefined)) {
      context.addIssue({ code: 'custom', message: 'give one of text, thinking, tool_use or gate' });
    }
  })
  .transform((value): Block => {
    const gate = value.gate === undefined ? {} : { gate: value.gate };
    if (value.text !== undefined) return { type: 'text', text: value.text, ...gate };
    if (value.thinking !== undefined) return { type: 'thinking', thinking: value.thinking, ...gate };
    if (value.tool_use !== undefined) {
      return { type: 'tool_use', name: value.tool_use.name, input: value.tool_use.input as JsonObject, ...gate };
    }
    return { type: 'gate', name: value.gate?.name ?? '' };
  });

const usage = z.strictObject({
  input_tokens: count.optional(),
  output_tokens: count.optional(),
  cache_creation_input_tokens: count.optional(),
  cache_read_input_tokens: count.optional(),
});

const said = { say: text.optional(), blocks: z.array(block).min(1).optional() };
const ending = { stop_reason: z.enum(stopReasons).optional(), usage: usage.optional() };
const oneOfSaid = (value: { say?: unknown; blocks?: unknown }) =>
  (value.say === undefined) !== (value.blocks === undefined);

const answer = z.strictObject({ ...said, ...ending }).refine(oneOfSaid, 'give either say or blocks');

const statuses = z.union([
  z.literal(400),
  z.literal(401),
  z.literal(403),
  z.literal(404),
  z.literal(413),
  z.literal(429),
  z.literal(500),
  z.literal(529),
]);

const error = z.strictObject({
  status: statuses,
  message: z.string().optional(),
  /** Seconds. */
  retryAfter: count.optional(),
  shouldRetry: z.boolean().optional(),
  /** Attempts that fail; without it all do. */
  times: times.optional(),
});

const how = z.enum(['destroy', 'end', 'error']).default('destroy');

/** Distributes the points over what they share, so that a wrong one is named by its path. */
function atPoints<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.discriminatedUnion('at', [
    z.strictObject({ at: z.literal('headers'), times: times.default(1), ...shape }),
    z.strictObject({ at: z.literal('start'), times: times.default(1), ...shape }),
    z.strictObject({ at: z.literal('piece'), block: count, piece: count, times: times.default(1), ...shape }),
    z.strictObject({ at: z.literal('block'), block: count, times: times.default(1), ...shape }),
  ]);
}

const step = z
  .strictObject({
    ...said,
    ...ending,
    /** Milliseconds before each piece. */
    slow: milliseconds.optional(),
    hold: gateName.optional(),
    error: error.optional(),
    cut: atPoints({ how }).optional(),
    stall: atPoints({}).optional(),
    again: z.array(answer).min(1).optional(),
    vary: z.boolean().default(true),
  })
  .refine(
    (value) => oneOfSaid(value) || (value.error !== undefined && value.error.times === undefined),
    'give either say or blocks',
  )
  .superRefine((value, context) => {
    for (const kind of ['cut', 'stall'] as const) {
      const point = value[kind];
      if (point === undefined) continue;
      const fault: Fault = { kind: 'stall', point };
      if (reaches(saidBlocks(value), fault)) continue;
      const last = contentBlocks(saidBlocks(value)).length - 1;
      context.addIssue({
        code: 'custom',
        path: [kind, 'block'],
        message: `there is no such block; the last is ${last}`,
      });
    }
  });

const when = z.strictObject({
  contains: z.string().min(1).optional(),
  equals: z.string().optional(),
  matches: pattern.optional(),
  turn: times.optional(),
  /** Contained in the system prompt. */
  system: z.string().min(1).optional(),
  /** The last results came from this tool; the steps then count from the first result. */
  afterTool: z.string().min(1).optional(),
  /** Contained in the last results; the steps then count from the first result. */
  toolResult: z.string().min(1).optional(),
});

const scenario = z.strictObject({
  name: z.string().min(1).optional(),
  when: when.default({}),
  steps: z.array(step).min(1),
});

/** A whole script file. */
export const scriptSchema = z.strictObject({ scenarios: z.array(scenario).min(1) });

export type ScriptedAnswer = z.infer<typeof answer>;
export type Step = z.infer<typeof step>;
export type When = z.infer<typeof when>;
export type Scenario = z.infer<typeof scenario>;

/** The blocks of a step or answer, whichever way it was written. */
export function saidBlocks(value: {
  say?: string | undefined;
  blocks?: readonly Block[] | undefined;
}): readonly Block[] {
  if (value.say !== undefined) return [{ type: 'text', text: value.say }];
  return value.blocks ?? [];
}
