import type { Delta, Event, Retract } from '@airlock/protocol/events';

/** What subscribers get. `sse` is the frame as it goes to browsers, made once for all of them. */
export type LogFrame =
  | { readonly kind: 'event'; readonly event: Event; readonly sse: Buffer }
  /** Live text of one or more blocks. */
  | { readonly kind: 'live'; readonly deltas: readonly Delta[]; readonly sse: Buffer }
  | { readonly kind: 'retract'; readonly retract: Retract; readonly sse: Buffer };

export function eventFrame(event: Event): LogFrame & { kind: 'event' } {
  const { seq, at, kind, payload } = event;
  return { kind: 'event', event, sse: Buffer.from(`id: ${seq}\n${sse(kind, { at, payload })}`) };
}

export function liveFrame(deltas: readonly Delta[]): LogFrame & { kind: 'live' } {
  return { kind: 'live', deltas, sse: Buffer.from(deltas.map((delta) => sse('delta', delta)).join('')) };
}

export function retractFrame(retract: Retract): LogFrame & { kind: 'retract' } {
  return { kind: 'retract', retract, sse: Buffer.from(sse('retract', retract)) };
}

/** JSON has no line breaks, so data is one line. */
function sse(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
