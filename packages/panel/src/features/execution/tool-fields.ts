import type { JsonObject } from '@airlock/protocol/json';

export interface ToolField {
  /** Null for what would be run itself. */
  label: string | null;
  text: string;
}

/** Claude's own words about a call; said as such, never as what the call does. */
const claims: ReadonlySet<string> = new Set(['description']);
const first: Readonly<Record<string, string>> = { Bash: 'command' };

/** Everything of a call that decides what it does, the most telling first. Nothing is left out but Claude's claims. */
export function toolFields(tool: string, input: JsonObject): ToolField[] {
  const main = first[tool];
  const names = Object.keys(input).filter((name) => name !== main && !claims.has(name));
  const fields = names.map((name) => ({ label: name, text: asText(input[name]) }));
  return main !== undefined && main in input ? [{ label: null, text: asText(input[main]) }, ...fields] : fields;
}

export function toolClaim(input: JsonObject): string | null {
  return typeof input.description === 'string' ? input.description : null;
}

/** What an edit of a file takes away and puts there; null when the call is none. */
export function fileEdit(tool: string, input: JsonObject): { before: string; after: string } | null {
  const { old_string: before, new_string: after } = input;
  return tool === 'Edit' && typeof before === 'string' && typeof after === 'string' ? { before, after } : null;
}

function asText(value: JsonObject[string] | undefined): string {
  return typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? '');
}
