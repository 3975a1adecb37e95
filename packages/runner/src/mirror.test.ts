import type { SingleFrame, UpFrame } from '@airlock/protocol/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Output } from './messages.ts';
import { createMirror, type Mirror } from './mirror.ts';

let pushed: UpFrame[];
let applied: Output[];
let mirror: Mirror;

/** Long enough never to be over in a test that does not wait for it. */
function start(holdMs = 60_000): void {
  pushed = [];
  applied = [];
  mirror = createMirror({ push: (frame) => pushed.push(frame), apply: (output) => applied.push(output), holdMs });
}
beforeEach(() => start());
afterEach(() => vi.useRealTimers());

const note = (text: string): SingleFrame => ({ type: 'note', text });
const shown = (text: string): Output => ({ kind: 'frame', frame: note(text) });
const ask: Output = {
  kind: 'frame',
  frame: { type: 'ask', requestId: 'r', ask: { kind: 'tool', tool: 'Bash', input: {}, toolUseId: 't' } },
};
const entries = (...uuids: string[]) => ({
  type: 'transcript' as const,
  projectKey: '-workspace',
  entries: ['no object', { type: 'mode' }, ...uuids.map((uuid) => ({ type: 'assistant', uuid }))],
});
const texts = () =>
  pushed.map((frame) =>
    (frame.type === 'batch' ? frame.frames : [frame]).map((each) => (each.type === 'note' ? each.text : each.type)),
  );

describe('a mirror', () => {
  it('M1. sends what is shown of a message in one frame with the entry that holds it', () => {
    mirror.add([{ kind: 'finish', messageId: 'm', block: 0 }, shown('one')], 'a');
    expect([pushed, applied]).toEqual([[], []]);
    mirror.wrote(entries('a'));
    expect(texts()).toEqual([['transcript', 'one']]);
    expect(applied).toEqual([{ kind: 'finish', messageId: 'm', block: 0 }]);
  });

  it('M1. waits for nothing when the entry was there first, or none is to come', () => {
    mirror.wrote(entries('a'));
    mirror.add([shown('one')], 'a');
    mirror.add([shown('two')]);
    expect(texts()).toEqual([['transcript'], ['one'], ['two']]);
  });

  it('M4. forgets what waits for an entry when the CLI was killed', () => {
    vi.useFakeTimers({ now: 0 });
    start(1_000);
    mirror.add([shown('one'), ask], 'a');
    mirror.drop();
    mirror.flush();
    vi.advanceTimersByTime(2_000);
    expect(pushed).toEqual([]);
    mirror.add([shown('two')]);
    expect(texts()).toEqual([['two']]);
  });

  it('M2. keeps the order: what comes later waits behind, and goes with what it waited for', () => {
    mirror.add([shown('one')], 'a');
    mirror.add([shown('two')], 'b');
    mirror.add([ask]);
    mirror.add([shown('three')], 'c');
    mirror.wrote(entries('a'));
    mirror.wrote(entries('b'));
    mirror.wrote(entries('c'));
    expect(texts()).toEqual([
      ['transcript', 'one'],
      ['transcript', 'two', 'ask'],
      ['transcript', 'three'],
    ]);
  });

  it('M2. lets go of what was left out of the transcript once a later entry is there', () => {
    mirror.add([shown('one')], 'never written');
    mirror.add([shown('two')], 'b');
    mirror.wrote(entries('b'));
    expect(texts()).toEqual([['transcript', 'one', 'two']]);
  });

  it('passes live text on at once', () => {
    mirror.add([shown('one')], 'a');
    const delta: Output = { kind: 'delta', delta: { messageId: 'm', block: 0, kind: 'text', text: 'x' } };
    mirror.add([delta]);
    expect(applied).toEqual([delta]);
  });

  it('sends everything that waits when told to', () => {
    mirror.add([shown('one')], 'a');
    mirror.add([shown('two')], 'b');
    mirror.flush();
    mirror.add([shown('three')]);
    expect(texts()).toEqual([['one'], ['two'], ['three']]);
  });

  it('M3. gives up waiting after a while', async () => {
    start(5);
    mirror.add([shown('one')], 'a');
    await vi.waitFor(() => expect(texts()).toEqual([['one']]));
    mirror.add([shown('two')], 'b');
    await vi.waitFor(() => expect(texts()).toEqual([['one'], ['two']]));
  });

  it('M3. waits as long as the message is streamed', () => {
    vi.useFakeTimers({ now: 0 });
    start(1_000);
    mirror.streams(true);
    mirror.add([shown('one')], 'a');
    vi.advanceTimersByTime(10_000);
    expect(texts()).toEqual([]);
    mirror.streams(false);
    vi.advanceTimersByTime(1_000);
    expect(texts()).toEqual([['one']]);
    mirror.streams(true);
    mirror.add([shown('two'), ask], 'b');
    vi.advanceTimersByTime(1_000);
    expect(texts()).toEqual([['one'], ['two'], ['ask']]);
  });

  it('M3. gives up on an ask although the CLI goes on talking', async () => {
    start(20);
    mirror.add([shown('one')], 'a');
    mirror.add([ask]);
    await vi.waitFor(
      () => {
        mirror.add([]);
        expect(texts()).toEqual([['one'], ['ask']]);
      },
      { interval: 1 },
    );
  });
});
