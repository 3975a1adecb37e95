import type { Question } from '@airlock/protocol/requests';

/**
 * An answer as it was typed: numbers of options, `2` or `1,3`, then words of one's own after another comma; anything else
 * is words. Undefined when an option has no such number, or there are several and one is asked for.
 */
export function choiceOf({ options, multiSelect }: Question, typed: string): string | undefined {
  const match = /^(\d+(?:\s*,\s*\d+)*)(?:\s*,\s*(\S[\s\S]*))?$/.exec(typed.trim());
  if (match === null) return typed.trim() || undefined;
  const [, numbers = '', own] = match;
  const chosen = [...new Set(numbers.split(',').map(Number))].sort((one, other) => one - other);
  const labels = chosen.map((n) => options[n - 1]?.label);
  if (labels.includes(undefined)) return undefined;
  const all = [...labels, ...(own === undefined ? [] : [own])];
  return all.length > 1 && !multiSelect ? undefined : all.join(', ');
}
