import type { EventPayload } from '@airlock/protocol/events';
import { changeItem, type Ending, type Item, type ItemOf } from './timeline-item.ts';

type Request = ItemOf<'request'>;

function changeRequest(items: readonly Item[], request: string, change: Partial<Request>): readonly Item[] {
  const isIt = (item: Item) => item.kind === 'request' && item.request === request;
  return changeItem(items, isIt, (item) => ({ ...item, ...change }) as Request);
}

export function handOn(items: readonly Item[], payload: EventPayload<'assigned'>): readonly Item[] {
  const { request, assign, by, to, note } = payload;
  return changeRequest(items, request, { assign, handed: { by: by ?? null, to: to ?? null, note: note ?? null } });
}

export function remind(items: readonly Item[], { request, n }: EventPayload<'reminder'>): readonly Item[] {
  return changeRequest(items, request, { reminders: n });
}

export function endRequest(
  items: readonly Item[],
  { request, outcome, by, inputs }: EventPayload<'lease'> | EventPayload<'answer'>,
  at: string,
): readonly Item[] {
  const ending: Ending = { outcome, at, by: by ?? null, inputs: inputs ?? null };
  return changeRequest(items, request, { ending });
}
