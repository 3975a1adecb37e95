import { maxWireLine, type UpFrame } from '@airlock/protocol/wire';
import { describe, expect, it } from 'vitest';
import { createLiveText } from './live-text.ts';
import { createUplink, type LineSink } from './uplink.ts';

const note = (text: string): UpFrame => ({ type: 'note', text });

function createSink() {
  const lines: unknown[] = [];
  let room = Number.POSITIVE_INFINITY;
  const sink: LineSink = {
    write(line) {
      lines.push(JSON.parse(line));
      room -= 1;
      return room > 0;
    },
  };
  return {
    sink,
    lines,
    numbers: () => lines.flatMap((line) => (line as { n?: number }).n ?? []),
    allow: (count: number) => {
      room = count;
    },
  };
}

function createRig(maxBytes = 10_000) {
  const live = createLiveText();
  const fullness: boolean[] = [];
  const uplink = createUplink({ live, maxBytes, onFull: (full) => fullness.push(full) });
  return { live, uplink, fullness };
}

describe('createUplink()', () => {
  it('U1. numbers frames from 1, in order, whether or not a host listens', () => {
    const { uplink } = createRig();
    uplink.push(note('a'));
    const host = createSink();
    uplink.attach(host.sink, 0);
    uplink.push(note('b'));
    expect(host.lines).toEqual([
      { n: 1, frame: note('a') },
      { n: 2, frame: note('b') },
    ]);
  });

  it('U2. sends again from the first frame not committed', () => {
    const { uplink } = createRig();
    const first = createSink();
    uplink.attach(first.sink, 0);
    for (const text of ['a', 'b', 'c']) uplink.push(note(text));
    uplink.acked(1);
    uplink.detach(first.sink);
    uplink.push(note('d'));
    const second = createSink();
    uplink.attach(second.sink, 2);
    expect(second.numbers()).toEqual([3, 4]);
    expect(first.numbers()).toEqual([1, 2, 3]);
  });

  it('U2. stops at a sink that is full and goes on where it stopped', () => {
    const { uplink } = createRig();
    const host = createSink();
    host.allow(2);
    uplink.attach(host.sink, 0);
    for (const text of ['a', 'b', 'c', 'd']) uplink.push(note(text));
    expect(host.numbers()).toEqual([1, 2]);
    host.allow(10);
    uplink.drained(host.sink);
    expect(host.numbers()).toEqual([1, 2, 3, 4]);
  });

  it('U3. tells when it is full and when there is room again, and loses nothing', () => {
    const { uplink, fullness } = createRig(1000);
    for (let count = 0; count < 30; count += 1) uplink.push(note('x'.repeat(100)));
    expect([uplink.full, fullness]).toEqual([true, [true]]);
    const host = createSink();
    uplink.attach(host.sink, 0);
    expect(host.numbers()).toHaveLength(30);
    uplink.acked(20);
    expect(uplink.full).toBe(true);
    uplink.acked(28);
    expect(fullness).toEqual([true, false]);
  });

  it('U3. resolves flushed() when everything was committed', async () => {
    const { uplink } = createRig();
    await uplink.flushed();
    uplink.push(note('a'));
    const flushed = uplink.flushed();
    uplink.acked(1);
    await flushed;
  });

  it('U3. takes apart a batch that is longer than a line may be, and replaces only what is too long itself', () => {
    const { uplink } = createRig();
    const host = createSink();
    uplink.attach(host.sink, 0);
    const long = 'x'.repeat(maxWireLine);
    uplink.push({
      type: 'batch',
      frames: [{ type: 'note', text: 'a' }, { type: 'note', text: long }, { type: 'ended' }],
    });
    expect(host.lines).toEqual([
      { n: 1, frame: note('a') },
      { n: 2, frame: note(expect.stringContaining('too long to send')) },
      { n: 3, frame: { type: 'ended' } },
    ]);
  });

  it('U4. sends live text after the frames before it, and never after the frame of its block', () => {
    const { uplink, live } = createRig();
    const host = createSink();
    host.allow(1);
    uplink.attach(host.sink, 0);
    uplink.push(note('fills the sink'));
    live.add({ messageId: 'm', block: 0, kind: 'text', text: 'late' });
    uplink.touchLive();
    live.finish('m', 0);
    uplink.push({ type: 'message', messageId: 'm', block: 0, text: 'late' });
    live.add({ messageId: 'm', block: 1, kind: 'text', text: 'next' });
    uplink.touchLive();
    host.allow(10);
    uplink.drained(host.sink);
    expect(host.lines.slice(1)).toEqual([
      { n: 2, frame: { type: 'message', messageId: 'm', block: 0, text: 'late' } },
      { live: { type: 'delta', messageId: 'm', block: 1, kind: 'text', text: 'next' } },
    ]);
  });

  it('acknowledges down frames, the last number only', () => {
    const { uplink } = createRig();
    uplink.ackDown(1);
    uplink.ackDown(2);
    const host = createSink();
    uplink.attach(host.sink, 0);
    expect(host.lines).toEqual([{ ack: 2 }]);
  });
});
