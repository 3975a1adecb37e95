import { EventEmitter } from 'node:events';
import type { Delta, Event, Retract } from '@airlock/protocol/events';
import { idSchema } from '@airlock/protocol/ids';
import { noUsage as usage } from '@airlock/protocol/usage';
import { beforeEach, describe, expect, it } from 'vitest';
import { manualTiming } from '../log/fixtures.ts';
import { createTopic, gatherMs, type Topic } from '../log/live-topic.ts';
import { follow, keepAliveMs, type Outlet, pageSize, patience } from './viewer.ts';

const session = idSchema.parse('01890a5d-ac96-774b-bcce-b302099a8057');
const at = '2026-01-01T00:00:00.000Z';

/** Takes writes until it is full, and then until `drain` is called. */
class FakeOutlet extends EventEmitter implements Outlet {
  readonly chunks: string[] = [];
  room = Number.POSITIVE_INFINITY;
  writableNeedDrain = false;
  destroyed = false;

  write(chunk: Buffer | string): boolean {
    expect(this.writableNeedDrain, 'F3: nothing is written to a full outlet').toBe(false);
    this.chunks.push(String(chunk));
    this.room -= 1;
    this.writableNeedDrain = this.room <= 0;
    return !this.writableNeedDrain;
  }

  /** Room for `writes` more. */
  drain(writes: number): void {
    this.room = writes;
    this.writableNeedDrain = false;
    this.emit('drain');
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

let timing: ReturnType<typeof manualTiming>;
let topic: Topic;
let events: Event[];
let reads: number;
/** Runs once in the middle of the next read, after the rows were taken. */
let duringRead: (() => void) | undefined;

beforeEach(() => {
  timing = manualTiming();
  topic = createTopic(timing);
  [events, reads, duringRead] = [[], 0, undefined];
});

const log = {
  async read(_: string, after: number, limit: number) {
    reads += 1;
    const page = events.filter(({ seq }) => seq > after).slice(0, limit);
    const interfere = duringRead;
    duringRead = undefined;
    interfere?.();
    await Promise.resolve();
    page.forEach(topic.settle);
    return page;
  },
  subscribe: (_: string, onFrame: Parameters<Topic['subscribe']>[0]) => topic.subscribe(onFrame),
  unfinished: () => topic.unfinished(),
};

function commit(event: Pick<Event, 'kind' | 'payload'>): Event {
  const stored = { ...event, seq: events.length + 1, at } as Event;
  events.push(stored);
  return stored;
}
const store = (event: Pick<Event, 'kind' | 'payload'>) => topic.publish([commit(event)]);
const debug = { kind: 'debug', payload: { text: 'x' } } as const;
const message = (text: string, messageId = 'm1') =>
  ({ kind: 'message', payload: { session, messageId, block: 0, text } }) as const;
const say = (text: string, messageId = 'm1') => topic.add({ session, messageId, block: 0, kind: 'text', text });

/** All that promises have to do is done. */
const quiet = () => new Promise((resolve) => setImmediate(resolve));

async function join(after = 0, writes = Number.POSITIVE_INFINITY) {
  const outlet = new FakeOutlet();
  outlet.room = writes;
  const left = follow({ outlet, log, execution: 'e', after, timing });
  await quiet();
  return { outlet, left, told: () => told(outlet) };
}

/** What came, in short: numbers of events, texts of deltas, messages given up. */
function told({ chunks }: FakeOutlet) {
  return parse(chunks).map((frame) => frame.seq ?? frame.delta?.text ?? { retract: frame.retract?.messageId });
}

interface Parsed {
  readonly seq?: number;
  readonly kind: string;
  readonly delta?: Delta;
  readonly retract?: Retract;
  readonly payload?: { messageId?: string };
}

function parse(chunks: readonly string[]): Parsed[] {
  const frames = chunks
    .join('')
    .split('\n\n')
    .filter((frame) => frame !== '' && !frame.startsWith(':'));
  return frames.map((frame) => {
    const [, id, kind = '', data = ''] = /^(?:id: (\d+)\n)?event: (\w+)\ndata: (.*)$/.exec(frame) ?? [];
    const json = JSON.parse(data);
    if (kind === 'delta') return { kind, delta: json };
    if (kind === 'retract') return { kind, retract: json };
    return { kind, seq: Number(id), payload: json.payload };
  });
}

describe('joining', () => {
  it('F1, F2: gives what is stored after what the viewer has, the text so far, and what comes', async () => {
    for (let n = 0; n < pageSize * 2 + 3; n += 1) store(debug);
    say('Hel');
    const viewer = await join(pageSize * 2);
    say('lo');
    store(debug);
    expect(viewer.told()).toEqual([101, 102, 103, 'Hel', 'lo', 104]);
  });

  it('F1: misses nothing and repeats nothing that is stored while it reads', async () => {
    store(debug);
    duringRead = () => store(debug);
    expect((await join()).told()).toEqual([1, 2]);
  });

  it('F1: takes what was read before it was published once', async () => {
    const early = commit(debug);
    const viewer = await join();
    topic.publish([early]);
    store(debug);
    expect(viewer.told()).toEqual([1, 2]);
  });

  it('F1: reads up on events that were published elsewhere', async () => {
    const viewer = await join();
    commit(debug);
    store(debug);
    await quiet();
    expect(viewer.told()).toEqual([1, 2]);
  });

  it('F4: gives no text of a block whose event was read before it was published', async () => {
    say('Hello');
    const early = commit(message('Hello'));
    const viewer = await join();
    topic.publish([early]);
    expect(viewer.told()).toEqual([1]);
  });

  it('ends by itself when the execution was deleted', async () => {
    store(debug);
    const viewer = await join();
    topic.publish([{ ...debug, seq: 3, at }]);
    await quiet();
    const before = reads;
    await quiet();
    expect([viewer.told(), reads]).toEqual([[1], before]);
  });

  it('fails when the events cannot be read', async () => {
    const outlet = new FakeOutlet();
    const read = () => Promise.reject(new RangeError('no'));
    await expect(follow({ outlet, log: { ...log, read }, execution: 'e', after: 0, timing })).rejects.toThrow('no');
    expect(topic.isIdle()).toBe(true);
  });
});

describe('a slow viewer', () => {
  it('F2: gets the live text it missed as one delta, without reading the store', async () => {
    const viewer = await join();
    viewer.outlet.drain(1);
    const before = reads;
    say('a');
    for (let n = 0; n < 10; n += 1) {
      say('b');
      timing.pass(gatherMs);
    }
    expect(viewer.told()).toEqual(['a']);
    viewer.outlet.drain(5);
    await quiet();
    say('c');
    timing.pass(gatherMs);
    expect([viewer.told(), reads]).toEqual([['a', 'bbbbbbbbbb', 'c'], before]);
  });

  it('F1, F2: gets the events it missed from the store, and nothing of text they settled', async () => {
    const viewer = await join();
    viewer.outlet.drain(1);
    say('a');
    say('b');
    store(message('ab'));
    say('next', 'm2');
    store(debug);
    viewer.outlet.drain(1);
    await quiet();
    expect(viewer.told()).toEqual(['a', 1]);
    viewer.outlet.drain(1);
    await quiet();
    expect(viewer.told()).toEqual(['a', 1, 2]);
    viewer.outlet.drain(2);
    await quiet();
    expect(viewer.told()).toEqual(['a', 1, 2, 'next']);
  });

  it('F4: is told that text it knew was given up, and gets it anew from the start', async () => {
    const viewer = await join();
    viewer.outlet.drain(1);
    say('a');
    topic.retractSession(session);
    topic.retract({ session, messageId: 'm1' });
    say('ab');
    timing.pass(gatherMs);
    viewer.outlet.drain(3);
    await quiet();
    expect(viewer.told()).toEqual(['a', { retract: 'm1' }, 'ab']);
  });

  it('F4: is not told of text given up that it never knew', async () => {
    const viewer = await join();
    viewer.outlet.drain(1);
    say('a');
    say('unknown', 'm2');
    topic.retract({ session, messageId: 'm2' });
    viewer.outlet.drain(3);
    await quiet();
    expect(viewer.told()).toEqual(['a']);
  });

  it('F3: has one page read for it, however much it misses', async () => {
    for (let n = 0; n < pageSize * 3; n += 1) store(debug);
    const viewer = await join(0, 1);
    for (let n = 0; n < pageSize * 3; n += 1) store(debug);
    say('a');
    await quiet();
    expect([viewer.told(), reads]).toEqual([[1], 1]);
  });

  it('does not slow others down', async () => {
    const slow = await join(0, 1);
    const quick = await join();
    for (let n = 0; n < 3; n += 1) store(debug);
    await quiet();
    expect([slow.told(), quick.told()]).toEqual([[1], [1, 2, 3]]);
  });
});

describe('F5', () => {
  it('keeps a silent viewer alive', async () => {
    const { outlet } = await join();
    timing.pass(keepAliveMs * 2 * patience);
    expect(outlet.chunks).toEqual(Array.from({ length: 2 * patience }, () => ': alive\n\n'));
    expect(outlet.destroyed).toBe(false);
  });

  it('lets one go that takes nothing, and follows no more', async () => {
    const { outlet, left } = await join(0, 1);
    store(debug);
    timing.pass(keepAliveMs * (patience - 1));
    expect(outlet.destroyed).toBe(false);
    timing.pass(keepAliveMs);
    expect(outlet.destroyed).toBe(true);
    await left;
    expect(topic.isIdle()).toBe(true);
  });

  it('keeps one that takes a little now and then', async () => {
    const { outlet } = await join(0, 1);
    for (let n = 0; n < 3 * patience; n += 1) {
      store(debug);
      timing.pass(keepAliveMs);
      outlet.drain(1);
      await quiet();
    }
    expect(outlet.destroyed).toBe(false);
  });
});

describe('whatever happens in whatever order', () => {
  /** Numbers that look random and are the same in every run. */
  function dice(seed: number): (sides: number) => number {
    let state = seed;
    return (sides) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * sides);
    };
  }

  /** What a browser would show, which never has to guess. */
  function show(frames: readonly Parsed[]) {
    const seqs: number[] = [];
    const settled = new Set<string>();
    const live = new Map<string, string>();
    for (const { seq, delta, retract, kind, payload } of frames) {
      if (seq !== undefined) seqs.push(seq);
      if (kind === 'message' && payload?.messageId) {
        settled.add(payload.messageId);
        live.delete(payload.messageId);
      }
      if (delta) {
        expect(settled.has(delta.messageId), 'F4: text after its event').toBe(false);
        live.set(delta.messageId, (live.get(delta.messageId) ?? '') + delta.text);
      }
      if (retract) live.delete(retract.messageId);
    }
    return { seqs, live: Object.fromEntries(live) };
  }

  it.each(Array.from({ length: 60 }, (_, seed) => seed + 1))('F1 to F4 hold, run %i', async (seed) => {
    const roll = dice(seed);
    const viewers = [await join()];
    const unpublished: Event[] = [];
    let current = 1;
    let written = '';
    const next = () => ([current, written] = [current + 1, '']);
    const publish = () => topic.publish(unpublished.splice(0));
    const steps = [
      () => {
        written += String.fromCharCode(97 + roll(26));
        say(written.slice(-1), `m${current}`);
      },
      () => timing.pass(roll(2 * gatherMs)),
      () => {
        if (written !== '') unpublished.push(commit(message(written, `m${current}`)));
        next();
      },
      () => {
        topic.retract({ session, messageId: `m${current}` });
        written = '';
      },
      () => unpublished.push(commit(debug)),
      () => {
        unpublished.push(commit({ kind: 'turn', payload: { session, prompt: null, text: '', durationMs: 1, usage } }));
        next();
      },
      publish,
      () => {
        duringRead = publish;
      },
      () => viewers[roll(viewers.length)]?.outlet.drain(1 + roll(4)),
      quiet,
      async () => viewers.length < 5 && viewers.push(await join(0, 1 + roll(6))),
    ];
    for (let n = 0; n < 300; n += 1) await steps[roll(steps.length)]?.();
    publish();
    timing.pass(gatherMs);
    const all = events.map(({ seq }) => seq);
    const live = Object.fromEntries(topic.unfinished().map(({ messageId, told: text }) => [messageId, text]));
    for (const { outlet } of viewers) {
      outlet.drain(1000);
      await quiet();
      expect(show(parse(outlet.chunks))).toEqual({ seqs: all, live });
    }
  });
});
