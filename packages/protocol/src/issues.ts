import type * as z from 'zod';
import type { FieldErrors } from './errors.ts';

type Issue = z.core.$ZodIssue;

/** Most fields named in one error, and most characters of a name that somebody sent. */
const mostFields = 20;
const longestName = 64;

const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
  null: 'null',
};

/** Words for what something is counted in. */
function units(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' || origin === 'record' ? ' entries' : '';
}

function shortened(name: string): string {
  return name.length > longestName ? `${name.slice(0, longestName)}…` : name;
}

/** What is wrong, in words for people. */
function wordsOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `Expected ${kinds[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return `Expected at least ${issue.minimum}${units(issue.origin)}`;
    case 'too_big':
      return `Expected at most ${issue.maximum}${units(issue.origin)}`;
    case 'invalid_value':
      return `Expected one of: ${issue.values.map(String).join(', ')}`;
    case 'invalid_format':
      return issue.format === 'uuid' ? 'Expected an id' : issue.message;
    case 'invalid_union':
      return 'Expected a value JSON can hold; numbers may be too large';
    default:
      return issue.message;
  }
}

/**
 * What does not fit a schema, by field: `a.b` for a field in a field, `_global_` for the whole. Keys nobody knows are
 * named where they are. As long as what was sent may be, this stays short.
 */
export function fieldErrorsOf(issues: readonly Issue[]): FieldErrors {
  const fields = new Map<string, string[]>();
  for (const issue of issues) {
    const name = issue.path.length > 0 ? shortened(issue.path.map(String).join('.')) : '_global_';
    const known = fields.get(name) ?? [];
    if (known.length === 0 && fields.size >= mostFields) break;
    fields.set(name, known);
    const words = issue.code === 'unrecognized_keys' ? issue.keys.map(unknownKey) : [wordsOf(issue)];
    known.push(...words.slice(0, mostFields - known.length));
  }
  return Object.fromEntries(fields);
}

function unknownKey(key: string): string {
  return `There is no ${JSON.stringify(shortened(key))} here`;
}
