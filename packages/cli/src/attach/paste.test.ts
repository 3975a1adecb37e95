import { expect, test } from 'vitest';
import { createKeys, meant } from './paste.ts';

function keys(...chunks: (string | Buffer)[]): string {
  const stream = createKeys();
  let out = '';
  stream.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  for (const chunk of chunks) stream.write(chunk);
  return out;
}

test('what is pasted sends nothing, and no key of it acts', () => {
  expect(keys('\x1b[200~:allow\r\n\tx\x03\x1b[A\x1b[201~!\r')).toBe(':allow⏎⇥x[A!\r');
  expect(meant(':allow⏎⇥x')).toBe(':allow\n\tx');
});

test.each([1, 2, 3, 5])('pieces of %i bytes say the same', (size) => {
  const bytes = Buffer.from('é\x1b[200~a\rü\x1b[201~\x1b[Ab');
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );
  expect(keys(...chunks)).toBe('éa⏎ü\x1b[Ab');
});

test('Alt-Enter begins a new line', () => {
  expect(keys('a\x1b\rb\r')).toBe('a⏎b\r');
});

test('an escape comes with the key after it', () => {
  expect(keys('\x1b')).toBe('');
  expect(keys('\x1b', 'b')).toBe('\x1bb');
});
