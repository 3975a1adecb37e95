import { describe, expect, it } from 'vitest';
import { createSseCutter } from './sse.ts';

const stream = 'event: message_start\ndata: {"a":1}\n\nevent: ping\r\ndata: {}\r\n\r\ndata: x\ndata: y\n\n';

describe('createSseCutter()', () => {
  it.each([1, 2, 3, 7, 1000])('finds the same events in pieces of %i bytes, without changing a byte', (size) => {
    const cutter = createSseCutter(1000);
    const bytes = Buffer.from(stream);
    const events = [];
    for (let at = 0; at < bytes.length; at += size) events.push(...cutter.push(bytes.subarray(at, at + size)));
    expect(events.map(({ name, data }) => [name, data])).toEqual([
      ['message_start', '{"a":1}'],
      ['ping', '{}'],
      ['message', 'x\ny'],
    ]);
    expect(Buffer.concat(events.map((event) => event.bytes)).toString()).toBe(stream);
  });

  it('holds back nothing that is complete', () => {
    const cutter = createSseCutter(1000);
    expect(cutter.push(Buffer.from('data: 1\n\ndata: 2'))).toHaveLength(1);
    expect(cutter.push(Buffer.from('\n\n'))).toHaveLength(1);
  });

  it('refuses an event that never ends', () => {
    const cutter = createSseCutter(10);
    expect(() => cutter.push(Buffer.alloc(11, 'x'))).toThrow('An event is longer than 10 bytes');
  });
});
