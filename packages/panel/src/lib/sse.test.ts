import { describe, expect, it } from 'vitest';
import { createSseParser, type SseEvent } from './sse.ts';

function parse(...chunks: string[]): SseEvent[] {
  const events: SseEvent[] = [];
  const push = createSseParser((event) => events.push(event));
  for (const chunk of chunks) push(chunk);
  return events;
}

describe('createSseParser', () => {
  it('reads id, event and data, and skips comments', () => {
    expect(parse(': hello\n\nid: 1\nevent: message\ndata: {"a":\ndata: 1}\n\n')).toEqual([
      { id: '1', event: 'message', data: '{"a":\n1}' },
    ]);
  });

  it('does not care where the chunks are cut', () => {
    const text = 'id: 1\r\nevent: x\r\ndata: a\r\n\r\nevent: delta\r\ndata: b\r\n\r\n';
    const whole = parse(text);
    expect(parse(...text)).toEqual(whole);
    expect(whole).toEqual([
      { id: '1', event: 'x', data: 'a' },
      { id: null, event: 'delta', data: 'b' },
    ]);
  });

  it('drops an event whose end never came', () => {
    expect(parse('id: 1\ndata: a\n')).toEqual([]);
  });
});
