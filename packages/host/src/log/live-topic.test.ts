import type { Delta, Event } from '@airlock/protocol/events';
import { idSchema } from '@airlock/protocol/ids';
import { noUsage } from '@airlock/protocol/usage';
import { beforeEach, describe, expect, it } from 'vitest';
import { manualTiming } from './fixtures.ts';
import type { LogFrame } from './frames.ts';
import { maxLiveBlocks, maxLiveLength } from './live-text.ts';
import { createTopic, gatherMs, type Topic } from './live-topic.ts';

const session = idSchema.parse('01890a5d-ac96-774b-bcce-b302099a8057');
const other = idSchema.parse('01890a5d-ac96-774b-bcce-b302099a8058');

let timing: ReturnType<typeof manualTiming>;
let topic: Topic;
let frames: LogFrame[];

beforeEach(() => {
  timing = manualTiming();
  topic = createTopic(timing);
  frames = [];
});

const listen = () => topic.subscribe((frame) => frames.push(frame));
const say = (text: string, more: Partial<Delta> = {}) =>
  topic.add({ session, messageId: 'm1', block: 0, kind: 'text', text, ...more });
const message = (seq: number, text: string, block = 0): Event => ({
  seq,
  at: '2026-01-01T00:00:00.000Z',
  kind: 'message',
  payload: { session, messageId: 'm1', block, text },
});
const turn = (seq: number): Event => ({
  seq,
  at: '2026-01-01T00:00:00.000Z',
  kind: 'turn',
  payload: { session, prompt: null, text: '', durationMs: 1, usage: noUsage },
});
/** Frames in short: texts, numbers of events, messages given up. */
const told = () =>
  frames.map((frame) => {
    if (frame.kind === 'event') return frame.event.seq;
    if (frame.kind === 'retract') return { retract: frame.retract.messageId };
    return frame.deltas.map(({ text }) => text);
  });

describe('gathering', () => {
  it('G1: tells the first text at once and gathers what follows', () => {
    listen();
    say('a');
    expect(told()).toEqual([['a']]);
    say('b');
    say('c');
    timing.pass(gatherMs - 1);
    expect(told()).toEqual([['a']]);
    timing.pass(1);
    expect(told()).toEqual([['a'], ['bc']]);
  });

  it('G1: tells the first text after a silence at once', () => {
    listen();
    say('a');
    timing.pass(gatherMs);
    say('b');
    expect(told()).toEqual([['a'], ['b']]);
  });

  it('G1, G2: tells a block that begins at once, with what was gathered, but not every one', () => {
    listen();
    say('a');
    say('b');
    say('c', { block: 1 });
    expect(told()).toEqual([['a'], ['b', 'c']]);
    for (let block = 2; block < 20; block += 1) say('d', { block });
    expect(told()).toHaveLength(2);
    timing.pass(gatherMs);
    expect(told()).toHaveLength(3);
  });

  it('G2: tells fifty tokens a second in ten frames a second', () => {
    listen();
    for (let n = 0; n < 500; n += 1) {
      say('x');
      timing.pass(20);
    }
    expect(frames.length).toBeLessThanOrEqual(101);
    expect(told().flat().join('')).toBe('x'.repeat(500));
  });

  it('makes one frame for all who listen', () => {
    const others: LogFrame[] = [];
    listen();
    topic.subscribe((frame) => others.push(frame));
    say('a');
    topic.publish([message(1, 'a')]);
    expect(frames).toHaveLength(2);
    expect(others.every((frame, n) => frame === frames[n])).toBe(true);
  });
});

describe('what is stored', () => {
  it('G3: comes after all text of its block, and no text after it', () => {
    listen();
    say('Hel');
    say('lo');
    topic.publish([message(1, 'Hello')]);
    timing.pass(gatherMs);
    expect(told()).toEqual([['Hel'], ['lo'], 1]);
    expect(topic.unfinished()).toEqual([]);
  });

  it('G3: is not followed by text either when it was read before it was published', () => {
    listen();
    say('Hel');
    say('lo');
    topic.settle(message(1, 'Hello'));
    expect(topic.unfinished()).toEqual([]);
    timing.pass(gatherMs);
    topic.publish([message(1, 'Hello')]);
    expect(told()).toEqual([['Hel'], ['lo'], 1]);
  });

  it('leaves other blocks live', () => {
    listen();
    say('one');
    say('two', { block: 1 });
    topic.publish([message(1, 'one')]);
    expect(topic.unfinished()).toMatchObject([{ block: 1, told: 'two' }]);
  });
});

describe('text so far', () => {
  it('G4: goes on where a subscriber who came later began', () => {
    say('Hel');
    const stop = listen();
    say('lo ');
    say('you');
    const [block] = topic.unfinished();
    const late: LogFrame[] = [];
    topic.subscribe((frame) => late.push(frame));
    timing.pass(gatherMs);
    stop();
    say(' all');
    timing.pass(gatherMs);
    const text = late.flatMap((frame) => (frame.kind === 'live' ? frame.deltas : [])).map((delta) => delta.text);
    expect(block?.told).toBe('Hello you all');
    expect(text.join('')).toBe('you all');
  });

  it('has limits, whatever a runner sends', () => {
    for (let block = 0; block < maxLiveBlocks + 10; block += 1) say('x', { block });
    expect(topic.unfinished()).toHaveLength(maxLiveBlocks);
    say('y'.repeat(maxLiveLength));
    say('z');
    expect(topic.unfinished()[0]?.told).toHaveLength(maxLiveLength);
  });
});

describe('what is given up', () => {
  it('G5: is told and forgotten, with what was still to be told of it', () => {
    listen();
    say('a');
    say('b');
    topic.retract({ session, messageId: 'm1' });
    timing.pass(gatherMs);
    expect(told()).toEqual([['a'], { retract: 'm1' }]);
  });

  it('G5: is all that a turn leaves behind, and nothing of other sessions', () => {
    listen();
    say('a');
    say('b', { session: other, messageId: 'm2' });
    topic.publish([turn(1)]);
    expect(told().slice(2)).toEqual([{ retract: 'm1' }, 1]);
    expect(topic.unfinished()).toMatchObject([{ session: other }]);
  });

  it('G5: may begin again', () => {
    listen();
    say('a');
    topic.retractSession(session);
    say('again');
    timing.pass(gatherMs);
    expect(told()).toEqual([['a'], { retract: 'm1' }, ['again']]);
    expect(topic.unfinished()).toMatchObject([{ told: 'again' }]);
  });
});
