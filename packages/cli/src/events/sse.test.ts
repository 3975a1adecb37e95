import { expect, test } from 'vitest';
import { readSse, type SseMessage } from './sse.ts';

async function read(...chunks: (string | Uint8Array<ArrayBuffer>)[]): Promise<SseMessage[]> {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(typeof chunk === 'string' ? encoder.encode(chunk) : chunk);
      controller.close();
    },
  });
  const messages: SseMessage[] = [];
  for await (const message of readSse(body)) messages.push(message);
  return messages;
}

test('reads messages with and without an id', async () => {
  expect(await read('id: 1\nevent: status\ndata: {}\n\nevent: delta\ndata: x\n\n')).toEqual([
    { id: '1', event: 'status', data: '{}' },
    { id: undefined, event: 'delta', data: 'x' },
  ]);
});

test('puts messages together that arrive in pieces, even within a character', async () => {
  const [first, second] = [new Uint8Array([0x64, 0x61, 0x74, 0x61, 0x3a, 0xc3]), new Uint8Array([0xbc, 0x0a])];
  expect(await read(first, second, '\n')).toEqual([{ id: undefined, event: 'message', data: 'ü' }]);
});

test('joins data lines, skips comments, and takes CRLF', async () => {
  expect(await read(': hi\r\ndata: a\r\ndata:b\r\n\r\n')).toEqual([{ id: undefined, event: 'message', data: 'a\nb' }]);
});

test('drops a message that is cut short', async () => {
  expect(await read('id: 1\ndata: x\n')).toEqual([]);
});
