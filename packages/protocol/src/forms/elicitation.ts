import * as z from 'zod';
import type { Element } from '../elements.ts';
import { elementsSchema } from '../elements.ts';
import type { JsonObject } from '../json.ts';

/*
 * What an MCP server may ask a person for: one level of texts, numbers, choices and yes or no, as JSON Schema.
 */

const common = { title: z.string().optional(), description: z.string().optional() };
const titled = z.array(z.object({ const: z.string(), title: z.string().optional() })).min(1);

const textSchema = z.object({
  ...common,
  type: z.literal('string'),
  enum: z.array(z.string()).min(1).optional(),
  enumNames: z.array(z.string()).optional(),
  oneOf: titled.optional(),
  format: z.string().optional(),
  minLength: z.number().int().nonnegative().optional(),
  maxLength: z.number().int().positive().optional(),
  pattern: z.string().optional(),
  default: z.string().optional(),
});
const numberSchema = z.object({
  ...common,
  type: z.enum(['number', 'integer']),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  default: z.number().optional(),
});
const booleanSchema = z.object({ ...common, type: z.literal('boolean'), default: z.boolean().optional() });
const listSchema = z.object({
  ...common,
  type: z.literal('array'),
  items: z.union([z.object({ enum: z.array(z.string()).min(1) }), z.object({ anyOf: titled })]),
  minItems: z.number().int().nonnegative().optional(),
  maxItems: z.number().int().positive().optional(),
  default: z.array(z.string()).optional(),
});
const propertySchema = z.union([textSchema, numberSchema, booleanSchema, listSchema]);
type Property = z.infer<typeof propertySchema>;

const requestedSchema = z.object({
  properties: z.record(z.string(), propertySchema),
  required: z.array(z.string()).default([]),
});

/** The form of what an MCP server asks for; undefined when it asks for something no form has. */
export function elicitationForm(requested: unknown): Element[] | undefined {
  const parsed = requestedSchema.safeParse(requested);
  if (!parsed.success) return undefined;
  const { properties, required } = parsed.data;
  const elements = Object.entries(properties).map(([name, property]) =>
    elementOf(name, property, required.includes(name)),
  );
  return elementsSchema.safeParse(elements).data;
}

/** What goes back to the server: fields that were left empty are left out. */
export function elicitedContent(values: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== ''));
}

const lineTypes: Readonly<Record<string, 'email' | 'url'>> = { email: 'email', uri: 'url' };

/** RFC 3339, with a time zone: what a clock on a wall says is not enough for a server somewhere else. */
const instant = '\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2}(\\.\\d+)?)?(Z|[+-]\\d{2}:\\d{2})';

function elementOf(name: string, property: Property, required: boolean): unknown {
  const { title, description, type } = property;
  const field = { name, label: title ?? name, ...(description === undefined ? {} : { help: description }) };
  switch (type) {
    case 'boolean':
      return { type: 'boolean', ...field, value: property.default ?? false, option: null };
    case 'number':
    case 'integer': {
      const { minimum: min_value = null, maximum: max_value = null, default: value = null } = property;
      const step = type === 'integer' ? 1 : null;
      return { type: 'number', ...field, required, value, placeholder: null, min_value, max_value, step };
    }
    case 'array': {
      const { items, minItems: min_items = null, maxItems: max_items = null, default: value = [] } = property;
      const option = 'enum' in items ? optionsOf(items.enum) : titledOptions(items.anyOf);
      return { type: 'multiselect', ...field, required, value, option, min_items, max_items };
    }
    case 'string':
      return textElement(field, property, required);
  }
}

function textElement(field: object, property: z.infer<typeof textSchema>, required: boolean): unknown {
  const { enum: names, enumNames, oneOf, format, default: value = null } = property;
  const option = names ? optionsOf(names, enumNames) : oneOf && titledOptions(oneOf);
  if (option) return { type: 'select', ...field, required, value, option };
  if (format === 'date') {
    return { type: 'date', ...field, required, value, placeholder: null, min_date: null, max_date: null };
  }
  const isInstant = format === 'date-time';
  return {
    type: (format && lineTypes[format]) ?? 'text',
    ...field,
    required,
    value,
    placeholder: isInstant ? '2026-11-25T09:30:00Z' : null,
    pattern: isInstant ? instant : wholly(property.pattern),
    min_length: property.minLength || null,
    max_length: property.maxLength ?? null,
  };
}

/** A pattern of JSON Schema fits anywhere in a value, one of ours all of it. */
function wholly(pattern: string | undefined): string | null {
  if (pattern === undefined || /^\^.*\$$/.test(pattern)) return pattern ?? null;
  return `.*(?:${pattern}).*`;
}

function optionsOf(names: readonly string[], labels: readonly string[] = []) {
  return names.map((name, at) => ({ name, label: labels[at] ?? name }));
}

function titledOptions(options: z.infer<typeof titled>) {
  return options.map(({ const: name, title }) => ({ name, label: title ?? name }));
}
