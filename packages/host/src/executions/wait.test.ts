import { idSchema } from '@airlock/protocol/ids';
import type { Request } from '@airlock/protocol/requests';
import { describe, expect, it } from 'vitest';
import { type Known, type KnownSession, waitOf } from './wait.ts';

const id = idSchema.parse('01890a5d-ac96-774b-bcce-b302099a8057');
const now = new Date('2026-01-01T12:00:00.000Z');
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000).toISOString();
const inS = (seconds: number) => ago(-seconds);

const running: Known = {
  status: 'running',
  stopping: null,
  queue: null,
  startedAt: ago(600),
  request: null,
  openRequests: 0,
  sessions: [],
  timers: [],
};
const idle: KnownSession = {
  state: 'live',
  hasContainer: true,
  isWorking: false,
  queuedAt: null,
  told: null,
  retry: null,
  tools: [],
  heardAt: null,
};
const working: KnownSession = { ...idle, isWorking: true, heardAt: ago(2) };
const common = { id, execution: id, createdAt: ago(30), session: id };
const tool = { ...common, kind: 'tool', tool: 'Bash', input: {}, toolUseId: 't' } as unknown as Request;
const form = { ...common, kind: 'form', name: 'reply', elements: [], expiresAt: inS(60) } as unknown as Request;
const question = {
  ...common,
  kind: 'question',
  questions: [{ question: `Which\n of ${'these '.repeat(40)}?` }],
} as unknown as Request;

const sentence = (known: Partial<Known>) => waitOf({ ...running, ...known }, now)?.text;
const ofSession = (session: Partial<KnownSession>) =>
  waitOf({ ...running, sessions: [{ ...working, ...session }] }, now);
const again = { attempt: 1, maxRetries: 10, delayMs: 12_000, status: 529, reason: 'overloaded', at: ago(3) };

describe('waitOf()', () => {
  it('says nothing of what has ended', () => {
    expect(waitOf({ ...running, status: 'finished', stopping: 'x', request: tool, openRequests: 1 }, now)).toBeNull();
  });

  it.each([
    [{ stopping: 'Cancelled by ada', request: tool }, 'Stopping: Cancelled by ada'],
    [{ status: 'starting', queue: 0 }, 'Next in the queue'],
    [{ status: 'starting', queue: 2 }, 'Queued, 2 before it'],
    [{ request: tool, openRequests: 1, sessions: [working] }, 'Waits for a person: may Claude use Bash?'],
    [{ request: form, openRequests: 3 }, 'Waits for a person: the form “reply”, and 2 more'],
    [
      { request: form, openRequests: 1, sessions: [{ ...idle, state: 'hibernated' }] },
      'Waits for a person: the form “reply”; Claude sleeps meanwhile',
    ],
    [{ timers: [{ kind: 'sleep', at: inS(90) }], sessions: [idle] }, 'Its service pauses for 2 min'],
    [{ timers: [{ kind: 'step', at: ago(1) }] }, 'A step is tried again in 1 s'],
    [{}, 'Its service is at work'],
    [{ sessions: [{ ...idle, state: 'starting', hasContainer: false }] }, 'Its service is at work'],
    [{ sessions: [{ ...idle, state: 'hibernated' }] }, 'Asleep until there is something to do'],
  ] as const)('%j: %s', (known, text) => {
    expect(sentence(known as Partial<Known>)).toBe(text);
  });

  it('names one request, since when and until when, and no more of a question than a line', () => {
    expect(waitOf({ ...running, request: form, openRequests: 1 }, now)).toMatchObject({
      kind: 'person',
      since: ago(30),
      until: inS(60),
    });
    const text = sentence({ request: question, openRequests: 1 }) ?? '';
    expect(text).toMatch(/^Waits for a person: “Which of these [^\n]*…”$/);
    expect(text.length).toBeLessThan(110);
  });

  it('says of a session what is in its way', () => {
    expect(ofSession({ told: { state: 'unreachable', at: ago(9) }, tools: [{ tool: 'Bash', at: ago(20) }] })).toEqual({
      kind: 'engine',
      text: 'The container engine does not answer, or has no worker image',
      since: ago(9),
    });
    expect(ofSession({ state: 'starting', hasContainer: false })).toMatchObject({ kind: 'container' });
    expect(ofSession({ state: 'starting', told: { state: 'resumed', at: ago(1) } })).toEqual({
      kind: 'container',
      text: 'Another container starts for Claude',
      since: ago(1),
    });
    expect(ofSession({ retry: again })).toEqual({
      kind: 'retry',
      text: 'Asks the model again in 9 s: it was overloaded (529)',
      since: ago(3),
      until: inS(9),
    });
    expect(ofSession({ retry: { ...again, delayMs: 1_000, status: null, reason: 'no\nroute' } })).toEqual({
      kind: 'retry',
      text: 'The model is asked again: no route',
      since: ago(3),
    });
    expect(
      ofSession({
        tools: [
          { tool: 'Bash', at: ago(20) },
          { tool: 'Read', at: ago(1) },
        ],
      }),
    ).toEqual({
      kind: 'tool',
      text: 'Claude runs Bash and 1 more',
      since: ago(20),
    });
    expect(ofSession({})).toEqual({ kind: 'model', text: 'Claude is working', since: ago(2) });
  });

  it('says which place in the line for room it has', () => {
    const queued = { ...working, hasContainer: false, queuedAt: ago(5) };
    expect(waitOf({ ...running, queue: 3, sessions: [queued] }, now)).toEqual({
      kind: 'room',
      text: 'Waits for room: 3 before it',
      since: ago(5),
    });
    expect(sentence({ queue: 0, sessions: [queued] })).toBe('Waits for room: it is next');
  });

  it('of several sessions, tells of the one that is held up', () => {
    const queued = { ...working, hasContainer: false, queuedAt: ago(5) };
    expect(sentence({ queue: 0, sessions: [working, idle, queued] })).toBe('Waits for room: it is next');
  });
});
