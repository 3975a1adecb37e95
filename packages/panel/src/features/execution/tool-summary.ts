import type { Json, JsonObject } from '@airlock/protocol/json';

/** The field that says most about a call, by tool. */
const telling: Readonly<Record<string, readonly string[]>> = {
  Bash: ['command'],
  Read: ['file_path'],
  Write: ['file_path'],
  Edit: ['file_path'],
  NotebookEdit: ['notebook_path'],
  Glob: ['pattern'],
  Grep: ['pattern'],
  WebFetch: ['url'],
  WebSearch: ['query'],
  Task: ['description', 'prompt'],
  Agent: ['description', 'prompt'],
};

const longest = 160;

/** One line that tells calls apart: the command, the path, the pattern, or the first text there is. */
export function toolSummary(tool: string, input: JsonObject): string {
  if (tool === 'TodoWrite' && Array.isArray(input.todos)) return `${input.todos.length} items`;
  const names = [...(telling[tool] ?? []), ...Object.keys(input)];
  const value = names.map((name) => input[name]).find(isText);
  return value === undefined ? '' : oneLine(value);
}

function isText(value: Json | undefined): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

function oneLine(text: string): string {
  const line = text
    .slice(0, longest * 4)
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
}
