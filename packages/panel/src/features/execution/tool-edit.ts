import { type JsonObject, jsonSchema } from '@airlock/protocol/json';
import type { Draft } from '../../lib/draft.ts';

/** Fields of a call as a person edits them: texts as they are, everything else as JSON. */
export interface EditField {
  name: string;
  /** Its name in the draft. */
  key: string;
  before: string;
  isText: boolean;
}

export function editFields(input: JsonObject): EditField[] {
  return Object.entries(input).map(([name, value]) => {
    const isText = typeof value === 'string';
    return { name, key: `edit:${name}`, before: isText ? value : JSON.stringify(value, null, 2), isText };
  });
}

/** The call as it was edited; null when nothing was; the fields that cannot be read otherwise. */
export function editedInput(
  input: JsonObject,
  draft: Draft,
): { kind: 'same' } | { kind: 'edited'; input: JsonObject } | { kind: 'wrong'; names: string[] } {
  const edited: JsonObject = { ...input };
  const wrong: string[] = [];
  let isSame = true;
  for (const { name, key, before, isText } of editFields(input)) {
    const typed = draft[key];
    if (typeof typed !== 'string' || typed === before) continue;
    isSame = false;
    if (isText) edited[name] = typed;
    else {
      const value = readJson(typed);
      if (value === undefined) wrong.push(name);
      else edited[name] = value;
    }
  }
  if (wrong.length > 0) return { kind: 'wrong', names: wrong };
  return isSame ? { kind: 'same' } : { kind: 'edited', input: edited };
}

function readJson(text: string) {
  try {
    return jsonSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
