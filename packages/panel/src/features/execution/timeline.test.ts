import type { Delta, Event, EventKind, EventPayload } from '@airlock/protocol/events';
import { idSchema } from '@airlock/protocol/ids';
import { describe, expect, it } from 'vitest';
import { emptyTimeline, reduceTimeline, type Timeline, type TimelineInput } from './timeline.ts';

const one = idSchema.parse('01890a5d-ac96-774b-bcce-b302099a8057');
const two = idSchema.parse('01890a5d-ac96-774b-bcce-b302099a8058');
const ask = idSchema.parse('01890a5d-ac96-774b-bcce-b302099a8059');
const at = '2026-01-01T00:00:00.000Z';
const usage = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, costMicroUsd: 1 };

function event<K extends EventKind>(seq: number, kind: K, payload: EventPayload<K>): TimelineInput {
  return { type: 'event', event: { seq, at, kind, payload } as Event };
}

function delta(text: string, more: Partial<Delta> = {}): TimelineInput {
  return { type: 'delta', delta: { session: one, messageId: 'm1', block: 0, kind: 'text', text, ...more } };
}

function message(seq: number, text: string, more: Partial<EventPayload<'message'>> = {}): TimelineInput {
  return event(seq, 'message', { session: one, messageId: 'm1', block: 0, text, ...more });
}

function run(...inputs: TimelineInput[]): Timeline {
  return inputs.reduce(reduceTimeline, emptyTimeline);
}

const texts = (timeline: Timeline) => timeline.items.map((item) => ('text' in item ? item.text : item.kind));
const liveTexts = (timeline: Timeline) => timeline.live.map(({ text }) => text);

describe('stored events', () => {
  it('T1: takes a seq once, so that a repeated log changes nothing', () => {
    const log = [message(1, 'a'), message(2, 'b', { messageId: 'm2' })];
    const once = run(...log);
    expect(log.reduce(reduceTimeline, once)).toBe(once);
    expect(texts(once)).toEqual(['a', 'b']);
  });

  it('gives a tool its result, by session and id', () => {
    const use = { messageId: 'm1', block: 1, toolUseId: 't', tool: 'Bash', input: { command: 'ls' } };
    const result = { toolUseId: 't', isError: false, text: 'out', truncated: true };
    const timeline = run(
      event(1, 'tool_use', { session: one, ...use }),
      event(2, 'tool_use', { session: two, ...use }),
      event(3, 'tool_result', { session: one, ...result }),
    );
    expect(timeline.items.map((item) => item.kind === 'tool' && item.outcome)).toEqual([
      { isError: false, text: 'out', truncated: true },
      null,
    ]);
  });

  it('opens a form request and ends it with who answered', () => {
    const opened = run(event(1, 'lock', { request: ask, name: 'claude-input', elements: [] }));
    expect(opened.items).toMatchObject([{ kind: 'request', key: ask, ask: { kind: 'form' }, ending: null }]);
    const lease = {
      request: ask,
      name: 'claude-input',
      outcome: 'answered',
      by: 'admin',
      inputs: { response: 'hi' },
    } as const;
    const ended = reduceTimeline(opened, event(2, 'lease', lease));
    expect(ended.items).toMatchObject([{ ending: { outcome: 'answered', by: 'admin', inputs: { response: 'hi' } } }]);
  });

  it('keeps who may answer a form and until when, and the default taken when nobody did', () => {
    const expiresAt = '2026-01-02T00:00:00.000Z';
    const assign = { users: ['ada'] };
    const opened = run(event(1, 'lock', { request: ask, name: 'approve', elements: [], expiresAt, assign }));
    expect(opened.items).toMatchObject([{ expiresAt, assign, ending: null }]);
    const others = { users: ['bob'], owner: true };
    const handed = reduceTimeline(
      opened,
      event(2, 'assigned', { request: ask, assign: others, by: 'ada', note: 'Please' }),
    );
    expect(handed.items).toMatchObject([{ assign: others, handed: { by: 'ada', note: 'Please' }, ending: null }]);
    const reminded = reduceTimeline(handed, event(3, 'reminder', { request: ask, n: 2 }));
    expect(reminded.items).toMatchObject([{ reminders: 2 }]);
    const lease = { request: ask, name: 'approve', outcome: 'expired', inputs: { ok: false } } as const;
    const ended = reduceTimeline(opened, event(2, 'lease', lease));
    expect(ended.items).toMatchObject([{ ending: { outcome: 'expired', by: null, inputs: { ok: false } } }]);
  });

  it('shows that a step is tried again, of no session', () => {
    const retry = { step: 'pay', attempt: 1, maxRetries: 2, delayMs: 10, status: null, reason: 'no' };
    const timeline = run(event(1, 'retry', retry));
    expect(timeline.items).toMatchObject([{ kind: 'retry', session: null, retry: { step: 'pay' } }]);
    expect(timeline.sessions).toEqual([]);
  });

  it('knows why it was cancelled', () => {
    const timeline = run(event(1, 'status', { status: 'cancelled', reason: 'Cancelled by ada' }));
    expect(timeline).toMatchObject({ status: 'cancelled', reason: 'Cancelled by ada' });
  });

  it('shows the error of a failed turn once when it also fails the execution', () => {
    const error = {
      code: 'model_key_refused',
      title: 'Refused',
      detail: 'invalid x-api-key',
      fix: 'Correct it',
    } as const;
    const turn = { session: one, prompt: null, text: '', durationMs: 1, usage, error };
    const timeline = run(event(1, 'turn', turn), event(2, 'error', error), event(3, 'status', { status: 'error' }));
    expect(timeline.items.map(({ kind }) => kind)).toEqual(['error']);
    expect(timeline).toMatchObject({ status: 'error', endedAt: at, recordSeq: 3 });
  });

  it('keeps debug, stdout and stderr out of the conversation', () => {
    const timeline = run(event(1, 'stdout', { text: 'x' }), event(2, 'debug', { text: 'y' }));
    expect(timeline.items).toEqual([]);
    expect(timeline.log.map(({ source, text }) => [source, text])).toEqual([
      ['stdout', 'x'],
      ['debug', 'y'],
    ]);
  });

  it('counts an event it cannot read and goes on', () => {
    const timeline = run({ type: 'unreadable', seq: 1, at, why: 'no' }, message(2, 'a'));
    expect(timeline).toMatchObject({ lastSeq: 2, log: [{ source: 'panel', text: 'no' }] });
    expect(texts(timeline)).toEqual(['a']);
  });
});

describe('live text', () => {
  it('grows with each delta', () => {
    expect(liveTexts(run(delta('Hel'), delta('lo')))).toEqual(['Hello']);
  });

  it('T2: is replaced by the stored block, under the same key', () => {
    const live = run(delta('Hel'));
    const stored = reduceTimeline(live, message(1, 'Hello'));
    expect(stored.live).toEqual([]);
    expect(texts(stored)).toEqual(['Hello']);
    expect(stored.items[0]?.key).toBe(live.live[0]?.key);
  });

  it('T2: a late delta of a stored block is dropped', () => {
    expect(run(message(1, 'Hello'), delta('lo')).live).toEqual([]);
  });

  it('T2: other blocks of the message stay live', () => {
    const timeline = run(
      delta('hm', { kind: 'thinking' }),
      delta('Hel', { block: 1 }),
      event(1, 'thinking', { session: one, messageId: 'm1', block: 0, text: 'hmm' }),
    );
    expect(liveTexts(timeline)).toEqual(['Hel']);
    expect(texts(timeline)).toEqual(['hmm']);
  });

  it('T3: a retract drops the unfinished blocks of its message only', () => {
    const timeline = run(message(1, 'done'), delta('cut', { block: 1 }), delta('other', { messageId: 'm2' }), {
      type: 'retract',
      retract: { session: one, messageId: 'm1' },
    });
    expect(texts(timeline)).toEqual(['done']);
    expect(liveTexts(timeline)).toEqual(['other']);
  });

  it('T4: a new connection starts from the text so far without doubling it', () => {
    const timeline = run(delta('Hello wo'), { type: 'connected' }, delta('Hello world'), delta('!'));
    expect(liveTexts(timeline)).toEqual(['Hello world!']);
  });

  it('a viewer may get live text before the log that leads to it', () => {
    const timeline = run(delta('second', { messageId: 'm2' }), message(1, 'first'));
    expect(texts(timeline)).toEqual(['first']);
    expect(liveTexts(timeline)).toEqual(['second']);
  });

  it('two sessions that share message ids do not mix', () => {
    const timeline = run(delta('a'), delta('b', { session: two }), message(1, 'A'), delta('b', { session: two }));
    expect(texts(timeline)).toEqual(['A']);
    expect(liveTexts(timeline)).toEqual(['bb']);
    expect(timeline.sessions).toEqual([one, two]);
  });

  it('a turn leaves no live text of its session behind', () => {
    const turn = { session: one, prompt: null, text: '', durationMs: 1, usage };
    const timeline = run(delta('rest'), delta('b', { session: two }), event(1, 'turn', turn));
    expect(liveTexts(timeline)).toEqual(['b']);
  });

  it('a final status ends it', () => {
    expect(run(delta('rest'), event(1, 'status', { status: 'cancelled' })).live).toEqual([]);
  });
});
