import * as z from 'zod';

const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/);
const field = {
  name,
  label: z.string().nullable(),
  help: z.string().optional(),
};

/**
 * Elements of a form on the wire, in the order shown. `markdown`, `text`, `textarea`, `number`, `boolean`, `select`,
 * `submit` and `cancel` carry the field names of Kodosumi's wire form; `help` is ours.
 */
export const elementSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('markdown'), text: z.string() }),
  z.object({
    type: z.literal('text'),
    ...field,
    value: z.string().nullable(),
    required: z.boolean(),
    placeholder: z.string().nullable(),
    max_length: z.number().int().positive().nullable(),
  }),
  z.object({
    type: z.literal('textarea'),
    ...field,
    value: z.string().nullable(),
    required: z.boolean(),
    placeholder: z.string().nullable(),
    rows: z.number().int().positive().nullable(),
    max_length: z.number().int().positive().nullable(),
  }),
  z.object({
    type: z.literal('number'),
    ...field,
    value: z.number().nullable(),
    required: z.boolean(),
    placeholder: z.string().nullable(),
    min_value: z.number().nullable(),
    max_value: z.number().nullable(),
    step: z.number().positive().nullable(),
  }),
  z.object({
    type: z.literal('boolean'),
    ...field,
    value: z.boolean(),
    /** Caption beside the box. */
    option: z.string().nullable(),
  }),
  z.object({
    type: z.literal('select'),
    ...field,
    value: z.string().nullable(),
    required: z.boolean(),
    /** `name` is the value submitted, `label` the caption. */
    option: z.array(z.object({ name: z.string(), label: z.string() })),
  }),
  z.object({ type: z.literal('submit'), text: z.string() }),
  z.object({ type: z.literal('cancel'), text: z.string() }),
]);
export type Element = z.infer<typeof elementSchema>;

export const elementsSchema = z.array(elementSchema).max(200);
