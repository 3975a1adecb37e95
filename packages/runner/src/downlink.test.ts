import { describe, expect, it } from 'vitest';
import { createDownlink } from './downlink.ts';

function createRig() {
  const seen: unknown[] = [];
  const downlink = createDownlink({
    onFrame: (frame) => seen.push(frame.type),
    onTaken: (n) => seen.push({ taken: n }),
    onUpAck: (n) => seen.push({ acked: n }),
  });
  return { downlink, seen };
}

const interrupt = (n: number) => JSON.stringify({ n, frame: { type: 'interrupt' } });

describe('createDownlink()', () => {
  it('takes each number once, and acknowledges it each time', () => {
    const { downlink, seen } = createRig();
    downlink.take(interrupt(1));
    downlink.take(interrupt(1));
    downlink.take(JSON.stringify({ ack: 9 }));
    expect(seen).toEqual(['interrupt', { taken: 1 }, { taken: 1 }, { acked: 9 }]);
    expect(downlink.taken).toBe(1);
  });

  it.each([
    ['a gap', interrupt(2)],
    ['another form', '{"n":1,"frame":{"type":"x"}}'],
    ['something that is not JSON', 'x'],
  ])('throws at %s', (_what, line) => {
    expect(() => createRig().downlink.take(line)).toThrow();
  });
});
