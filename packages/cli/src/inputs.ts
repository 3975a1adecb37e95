import type { Element } from '@airlock/protocol/elements';
import { type FieldElement, fieldsOf } from '@airlock/protocol/forms/fields';
import type { Json, JsonObject } from '@airlock/protocol/json';
import { UsageFailure } from './failure.ts';

/** Splits `name=value` pairs as they were typed. */
export function parsePairs(pairs: readonly string[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) throw new UsageFailure('A field cannot be read', `'${pair}'`, 'Write it as --field name=value');
    values.set(pair.slice(0, at), pair.slice(at + 1));
  }
  return values;
}

const truths: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  false: false,
  no: false,
  off: false,
};

/** What was typed for a field, in the type it wants; the host, or `check`, says whether it will do. */
export function coerce(element: FieldElement, text: string): Json {
  if (element.type === 'number' || element.type === 'range') {
    const number = text.trim() === '' ? null : Number(text);
    // What is no number goes as text, so that the host says what the field wants.
    return number === null || Number.isFinite(number) ? number : text;
  }
  if (element.type === 'boolean') return truths[text.toLowerCase()] ?? text;
  if (element.type === 'multiselect') return text === '' ? [] : text.split(',').map((name) => name.trim());
  return text;
}

/** `@a.csv,@b.csv`: files of this machine, for a field of files. */
function filesIn(text: string): string[] {
  return text.split(',').map((each) => {
    if (each.startsWith('@') && each.length > 1) return each.slice(1);
    throw new UsageFailure('A file cannot be read', `'${each}'`, 'Write files as @path, several as @path,@path');
  });
}

/** Sends files one after another; resolves with the ids of their uploads. */
export async function sendAll(paths: readonly string[], sendFile: SendFile): Promise<string[]> {
  const ids: string[] = [];
  for (const path of paths) ids.push(await sendFile(path));
  return ids;
}

/** Sends a file and resolves with the id of its upload. */
export type SendFile = (path: string) => Promise<string>;

/** Form values from `name=value` pairs, in the types the form's elements want; the host validates them. */
export async function inputsOf(
  elements: readonly Element[],
  pairs: readonly string[],
  sendFile: SendFile,
): Promise<JsonObject> {
  const fields = new Map(fieldsOf(elements).map((element) => [element.name, element] as const));
  const inputs: JsonObject = {};
  for (const [name, text] of parsePairs(pairs)) {
    const element = fields.get(name);
    if (element === undefined) {
      const known = [...fields.keys()].join(', ') || 'none';
      throw new UsageFailure('The form has no such field', `'${name}'`, `Use one of its fields: ${known}`);
    }
    inputs[name] = element.type === 'file' ? await sendAll(filesIn(text), sendFile) : coerce(element, text);
  }
  return inputs;
}
