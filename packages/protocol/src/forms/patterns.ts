import { RE2JS } from 're2js';

/*
 * Patterns of services meet values of anybody: they are run in time linear to the value, which costs them look-around
 * and back references.
 */

const compiled = new Map<string, RE2JS>();
const mostKept = 500;

function compile(pattern: string): RE2JS {
  const kept = compiled.get(pattern);
  if (kept) return kept;
  const made = RE2JS.compile(pattern);
  if (compiled.size >= mostKept) compiled.clear();
  compiled.set(pattern, made);
  return made;
}

/** Whether the whole value fits, as in HTML. */
export function fits(pattern: string, value: string): boolean {
  return compile(pattern).matches(value);
}

/** Why a pattern cannot be used; undefined when it can. */
export function problemOfPattern(pattern: string): string | undefined {
  try {
    compile(pattern);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
