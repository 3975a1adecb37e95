import type { Execution } from '@airlock/protocol/api';
import { executionSchema, type SessionView, sessionViewSchema } from '@airlock/protocol/api';
import { type Event, parseEvent } from '@airlock/protocol/events';
import type { JsonObject } from '@airlock/protocol/json';
import type { TestHost } from './host.ts';

/** What a viewer of an execution sees. */
export type Seen =
  | { readonly type: 'event'; readonly event: Event }
  | { readonly type: 'delta' | 'retract'; readonly data: JsonObject };

/** The HTTP API of a host under test, as a program would use it. */
export interface Api {
  call(method: string, path: string, body?: unknown): Promise<{ status: number; body: JsonObject }>;
  launch(service: string, inputs: JsonObject): Promise<string>;
  execution(id: string): Promise<Execution>;
  session(id: string): Promise<SessionView>;
  answer(request: string, inputs: JsonObject): Promise<void>;
  /** Events stored so far. */
  events(id: string): Promise<Event[]>;
  /** Live frames from `after` on; ends when the stream does. */
  watch(id: string, after?: number): AsyncGenerator<Seen>;
  /** Resolves with the first event that fits, stored or to come; fails when the execution ends before. */
  until<T extends Event>(id: string, fits: (event: Event) => event is T, after?: number): Promise<T>;
  until(id: string, fits: (event: Event) => boolean, after?: number): Promise<Event>;
}

export function apiOf(host: TestHost): Api {
  async function send(method: string, path: string, body?: unknown): Promise<Response> {
    return await fetch(`${host.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${host.token}`,
        accept: 'application/json',
        'content-type': 'application/json',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async function call(method: string, path: string, body?: unknown) {
    const response = await send(method, path, body);
    const text = await response.text();
    return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as JsonObject };
  }

  async function ok(method: string, path: string, body?: unknown): Promise<JsonObject> {
    const answer = await call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async function* watch(id: string, after = 0): AsyncGenerator<Seen> {
    const response = await fetch(`${host.url}/api/v1/executions/${id}/events`, {
      signal: AbortSignal.timeout(patienceMs),
      headers: { authorization: `Bearer ${host.token}`, accept: 'text/event-stream', 'last-event-id': String(after) },
    });
    if (!response.ok || !response.body) throw new Error(`No stream: ${response.status}`);
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body) {
      const frames = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
      rest = frames.pop() ?? '';
      for (const frame of frames) {
        const seen = readFrame(frame);
        if (seen) yield seen;
      }
    }
  }

  async function until(id: string, fits: (event: Event) => boolean, after = 0): Promise<Event> {
    const seen: string[] = [];
    try {
      for await (const frame of watch(id, after)) {
        if (frame.type !== 'event') continue;
        if (fits(frame.event)) return frame.event;
        seen.push(`${frame.event.seq} ${frame.event.kind} ${JSON.stringify(frame.event.payload).slice(0, 300)}`);
        if (isOver(frame.event)) break;
      }
    } catch (error) {
      seen.push(String(error));
    }
    throw new Error(`The event did not come:\n${seen.join('\n')}`);
  }

  return {
    call,
    watch,
    until: until as Api['until'],
    async launch(service, inputs) {
      const { id } = await ok('POST', `/services/${service}/executions`, { inputs });
      return String(id);
    },
    execution: async (id) => executionSchema.parse(await ok('GET', `/executions/${id}`)),
    session: async (id) => sessionViewSchema.parse(await ok('GET', `/sessions/${id}`)),
    async answer(request, inputs) {
      await ok('POST', `/requests/${request}/answer`, { inputs });
    },
    async events(id) {
      const all: Event[] = [];
      for (let cursor: string | null = '0'; cursor !== null; ) {
        const page = (await ok('GET', `/executions/${id}/events?limit=1000&cursor=${cursor}`)) as unknown as {
          items: Array<Parameters<typeof parseEvent>[0]>;
          next: string | null;
        };
        all.push(...page.items.map(parseEvent));
        cursor = page.next;
      }
      return all;
    },
  };
}

/** Longest a test waits for one event; far more than anything takes. */
const patienceMs = 60_000;

function isOver(event: Event): boolean {
  return event.kind === 'status' && ['finished', 'error', 'cancelled'].includes(event.payload.status);
}

function readFrame(frame: string): Seen | undefined {
  const fields = new Map(
    frame.split('\n').map((line) => {
      const at = line.indexOf(':');
      return [line.slice(0, at), line.slice(at + 1).trimStart()] as const;
    }),
  );
  const name = fields.get('event');
  const data = fields.get('data');
  if (name === undefined || data === undefined) return undefined;
  if (name === 'delta' || name === 'retract') return { type: name, data: JSON.parse(data) };
  const { at, payload } = JSON.parse(data);
  return { type: 'event', event: parseEvent({ seq: Number(fields.get('id')), at, kind: name, payload }) };
}

/** Narrows an event to a kind, for `until`. */
export function ofKind<K extends Event['kind']>(kind: K) {
  return (event: Event): event is Extract<Event, { kind: K }> => event.kind === kind;
}
