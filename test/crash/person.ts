import type { Event } from '@airlock/protocol/events';
import { isFinal } from '@airlock/protocol/executions';
import type { JsonObject } from '@airlock/protocol/json';
import type { Setting } from '../harness/setting.ts';

/** A person at the panel of a host that may die at any time: allows every tool, and fills in every form once. */
export interface Person {
  /** Resolves with the first event that fits, and the session known by then. */
  until(fits: (event: Event) => boolean): Promise<{ event: Event; session: string | undefined }>;
  /** Resolves when the execution has ended. */
  readonly ended: Promise<void>;
  /** Answers that were acknowledged, by request; what was said to forms. */
  readonly acknowledged: ReadonlyMap<string, string | undefined>;
}

export function startPerson({ api }: Setting, execution: string): Person {
  const events: Event[] = [];
  const acknowledged = new Map<string, string | undefined>();
  const waiting: { fits: (event: Event) => boolean; resolve: (event: Event) => void }[] = [];

  function see(event: Event): void {
    events.push(event);
    for (const { fits, resolve } of waiting) if (fits(event)) resolve(event);
  }

  async function answer(request: string, inputs: JsonObject): Promise<void> {
    const { status, body } = await api.call('POST', `/requests/${request}/answer`, { inputs });
    // It was taken although the host did not live to say so, or is not needed any more.
    if (status === 200 || status === 409) acknowledged.set(request, inputs.words?.toString());
    else if (status !== 410 && status !== 503) throw new Error(`${status} ${JSON.stringify(body)}`);
  }

  /** Answers what is open. */
  async function answerOpen(): Promise<void> {
    for (const request of (await api.execution(execution)).requests) {
      if (acknowledged.has(request.id)) continue;
      if (request.kind === 'form') await answer(request.id, { words: `${request.name} by ada` });
      else await answer(request.id, { decision: 'allow' });
    }
  }

  async function watchOnce(): Promise<boolean> {
    await answerOpen();
    for await (const seen of api.watch(execution, events.at(-1)?.seq ?? 0)) {
      if (seen.type !== 'event') continue;
      see(seen.event);
      if (seen.event.kind === 'lock' || seen.event.kind === 'request') await answerOpen();
      if (seen.event.kind === 'status' && isFinal(seen.event.payload.status)) return true;
    }
    return false;
  }

  async function watch(): Promise<void> {
    let isOver = false;
    while (!isOver) {
      try {
        isOver = await watchOnce();
      } catch (error) {
        // The host is away: its connections are cut, and the next one is at another address soon.
        if (!(error instanceof TypeError)) throw error;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  return {
    acknowledged,
    ended: watch(),
    async until(fits) {
      const event = events.find(fits) ?? (await new Promise<Event>((resolve) => waiting.push({ fits, resolve })));
      const known = events.findLast((each) => each.kind === 'session');
      return { event, session: known?.kind === 'session' ? known.payload.session : undefined };
    },
  };
}
