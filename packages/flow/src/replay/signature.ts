import type { Call } from '@airlock/protocol/service-channel';

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether two values are the same JSON; the order of keys does not matter, nor do keys without a value. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isSameJson(item, b[index]));
  }
  if (!isRecord(a) || !isRecord(b)) return Object.is(a, b) || (a === 0 && b === 0);
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => isSameJson(a[key], b[key]));
}

/** What of a call must be the same when it is made again. A lock may change how long it waits, not what it asks. */
function signature(call: Call): unknown {
  return call.kind === 'lock' ? { kind: call.kind, name: call.name, elements: call.elements } : call;
}

export function isSameCall(a: Call, b: Call): boolean {
  return isSameJson(signature(a), signature(b));
}

/** A call in a message for people. */
export function excerpt(call: Call): string {
  const text = JSON.stringify(signature(call));
  return text.length <= 300 ? text : `${text.slice(0, 300)}…`;
}
