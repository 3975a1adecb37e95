import { describe, expect, it } from 'vitest';
import { createLiveText } from './live-text.ts';

const delta = (text: string, block = 0) => ({ messageId: 'm', block, kind: 'text' as const, text });

describe('createLiveText()', () => {
  it('sends each piece once, joined when several came', () => {
    const live = createLiveText();
    live.add(delta('a'));
    expect(live.take()).toEqual([{ type: 'delta', ...delta('a') }]);
    live.add(delta('b'));
    live.add(delta('c'));
    expect(live.take()).toEqual([{ type: 'delta', ...delta('bc') }]);
    expect(live.take()).toEqual([]);
  });

  it('begins for a new host with the text so far', () => {
    const live = createLiveText();
    live.add(delta('a'));
    live.take();
    live.add(delta('b'));
    live.rewind();
    expect(live.take()).toEqual([{ type: 'delta', ...delta('ab') }]);
  });

  it('forgets a finished block', () => {
    const live = createLiveText();
    live.add(delta('a', 0));
    live.add(delta('b', 1));
    live.finish('m', 0);
    live.rewind();
    expect(live.take()).toEqual([{ type: 'delta', ...delta('b', 1) }]);
  });

  it('takes back what was sent, and only that', () => {
    const live = createLiveText();
    live.add(delta('unsent'));
    live.retract('m');
    expect(live.take()).toEqual([]);
    live.add(delta('sent'));
    live.take();
    live.retract('m');
    live.add({ ...delta('next'), messageId: 'n' });
    expect(live.take()).toEqual([
      { type: 'retract', messageId: 'm' },
      { type: 'delta', ...delta('next'), messageId: 'n' },
    ]);
  });

  it('owes a new host no retract', () => {
    const live = createLiveText();
    live.add(delta('sent'));
    live.take();
    live.retract('m');
    live.rewind();
    expect(live.take()).toEqual([]);
  });
});
