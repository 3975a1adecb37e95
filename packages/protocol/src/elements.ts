import * as z from 'zod';

/*
 * Elements of a form on the wire, in the order shown. Types and fields are Kodosumi's where it has them, and nothing of
 * them is left out; `help`, `show_if`, `group`, `radio`, `multiselect` and the types of later browsers are ours.
 */

const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/);
const text = z.string().nullable();
const length = z.number().int().positive().nullable();
const number = z.number().nullable();

/** Shown, sent and required only while another field, which comes earlier, has one of these values. */
const showIfSchema = z.object({ field: name, is: z.array(z.union([z.string(), z.number(), z.boolean()])).min(1) });

const shown = { show_if: showIfSchema.optional() };
const field = { name, label: z.string().nullable(), help: z.string().optional(), ...shown };
const typed = { ...field, value: text, required: z.boolean(), placeholder: text };
/** `pattern`: a JavaScript regular expression the whole value must match, as in HTML. */
const line = {
  ...typed,
  size: length.optional(),
  pattern: text.optional(),
  min_length: length.optional(),
  max_length: length,
};

/** `name` is the value submitted, `label` the caption. */
const optionSchema = z.object({ name: z.string(), label: z.string() });
const options = z.array(optionSchema).min(1).max(1_000);

const lineTypes = z.enum(['text', 'email', 'url', 'tel', 'search', 'password']);

const flatSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('markdown'), text: z.string(), ...shown }),
  /** Cleaned of everything that could act; what is left is shown. */
  z.object({ type: z.literal('html'), text: z.string(), ...shown }),
  z.object({ type: z.literal('break'), text: z.string().optional(), ...shown }),
  z.object({ type: z.literal('hr'), text: z.string().optional(), ...shown }),
  /** Where errors of the form as a whole are shown; without it, above the buttons. */
  z.object({ type: z.literal('errors') }),
  z.object({ type: lineTypes, ...line }),
  z.object({
    type: z.literal('textarea'),
    ...typed,
    rows: length,
    cols: length.optional(),
    min_length: length.optional(),
    max_length: length,
  }),
  z.object({
    type: z.literal('number'),
    ...typed,
    value: number,
    min_value: number,
    max_value: number,
    step: z.number().positive().nullable(),
  }),
  /** A number chosen with a slider: it always has one. */
  z.object({
    type: z.literal('range'),
    ...field,
    value: z.number(),
    min_value: z.number(),
    max_value: z.number(),
    step: z.number().positive(),
  }),
  /** `2026-11-25`. */
  z.object({ type: z.literal('date'), ...typed, min_date: text, max_date: text }),
  /** `09:30` or `09:30:15`; `step` in seconds. */
  z.object({ type: z.literal('time'), ...typed, min_time: text, max_time: text, step: length }),
  /** `2026-11-25T09:30`, without a time zone: what the clock on the wall of the reader says. */
  z.object({ type: z.literal('datetime-local'), ...typed, min_datetime: text, max_datetime: text, step: length }),
  /** `2026-11`. */
  z.object({ type: z.literal('month'), ...typed, min_month: text, max_month: text }),
  /** `2026-W48`. */
  z.object({ type: z.literal('week'), ...typed, min_week: text, max_week: text }),
  /** `#1e90ff`: it always has one. */
  z.object({ type: z.literal('color'), ...field, value: z.string() }),
  z.object({
    type: z.literal('boolean'),
    ...field,
    value: z.boolean(),
    /** Caption beside the box. */
    option: z.string().nullable(),
  }),
  z.object({ type: z.enum(['select', 'radio']), ...field, value: text, required: z.boolean(), option: options }),
  z.object({
    type: z.literal('multiselect'),
    ...field,
    value: z.array(z.string()),
    required: z.boolean(),
    option: options,
    min_items: z.number().int().nonnegative().nullable(),
    max_items: length,
  }),
  /** Files people choose; the value is a list of what was uploaded, see `files/file.ts`. */
  z.object({
    type: z.literal('file'),
    ...field,
    value: z.null(),
    required: z.boolean(),
    multiple: z.boolean(),
    /** Whole folders. */
    directory: z.boolean(),
    /** As in HTML: `.csv, image/*`; null takes everything. */
    accept: text,
    max_files: length,
    /** Of one file. */
    max_bytes: length,
  }),
  /** Sent as it is, and seen by nobody; people can change it all the same. */
  z.object({ type: z.literal('hidden'), name, value: z.string(), ...shown }),
  z.object({ type: z.literal('submit'), text: z.string() }),
  z.object({ type: z.literal('cancel'), text: z.string() }),
  /** Another button that sends the form, with `value` under `name`; null when it was not the one pressed. */
  z.object({ type: z.literal('action'), name, value: z.string().min(1), text: z.string() }),
]);

/** Elements under a heading of their own; groups do not nest. */
const groupSchema = z.object({
  type: z.literal('group'),
  label: z.string(),
  help: z.string().optional(),
  elements: z.array(flatSchema).max(200),
  ...shown,
});

export const elementSchema = z.union([flatSchema, groupSchema]);
export type Element = z.infer<typeof elementSchema>;

export const elementsSchema = z.array(elementSchema).max(200);
