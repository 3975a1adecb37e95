import type { NewEvent } from '@airlock/protocol/events';
import { idSchema } from '@airlock/protocol/ids';
import type { Json, JsonObject } from '@airlock/protocol/json';
import { assignOf, type FormAsk, formAskOf, type RequestRow, type SessionAsk } from './request-row.ts';

/** What an answer is turned into, by whoever opened the request. */
export interface Settlement {
  /** As stored and shown. */
  readonly inputs: JsonObject;
  /** `form`: what the lease made of it. */
  readonly value?: Json;
}

/** How a request ends. */
export interface Ending {
  readonly outcome: 'answered' | 'expired' | 'withdrawn';
  readonly by?: string;
  readonly settlement?: Settlement;
}

export function openedEvent(row: RequestRow, ask: FormAsk | SessionAsk): NewEvent {
  const request = idSchema.parse(row.id);
  const expiry = row.expires_at === null ? {} : { expiresAt: row.expires_at };
  if (ask.kind !== 'form') {
    return { kind: 'request', payload: { request, session: idSchema.parse(row.session), ask, ...expiry } };
  }
  const assign = assignOf(row);
  const who = assign === undefined ? {} : { assign };
  return { kind: 'lock', payload: { request, name: ask.name, elements: ask.elements, ...expiry, ...who } };
}

export function closedEvent(row: RequestRow, end: Ending): NewEvent {
  const common = {
    request: idSchema.parse(row.id),
    outcome: end.outcome,
    ...(end.by === undefined ? {} : { by: end.by }),
    ...(end.settlement === undefined ? {} : { inputs: end.settlement.inputs }),
  };
  if (row.kind !== 'form') return { kind: 'answer', payload: { ...common, session: idSchema.parse(row.session) } };
  const { name } = formAskOf(row);
  const value = end.settlement?.value;
  return { kind: 'lease', payload: { ...common, name, ...(value === undefined ? {} : { value }) } };
}
